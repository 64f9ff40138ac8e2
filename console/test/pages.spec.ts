import { demoTime, expect, inBothModes, keep, test } from "./fixtures";

const ledger = "/clusters/444455556666/eu-west-1/ledger";

/** Every page, its heading, and something that is there when it has loaded; `moves` is said of what is another each time, as keys are, `below` of what has to be scrolled to. */
const pages: { name: string; at: string; heading: string; loaded: string; moves?: true; below?: true }[] = [
  { name: "summary", at: "/summary", heading: "Summary", loaded: "shop-production" },
  { name: "vulnerabilities", at: "/vulnerabilities", heading: "Vulnerabilities", loaded: "CVE-2022-2068" },
  { name: "vulnerability", at: "/vulnerabilities/CVE-2023-44487", heading: "CVE-2023-44487", loaded: "Where it runs" },
  { name: "clusters", at: "/clusters", heading: "Clusters", loaded: "ledger" },
  { name: "cluster", at: ledger, heading: "ledger", loaded: "Nordhafen Payments (444455556666)" },
  { name: "cluster-coverage", at: `${ledger}?tab=coverage`, heading: "ledger", loaded: "What happened, and what to do", below: true },
  { name: "images", at: "/images", heading: "Images", loaded: "shop/web" },
  { name: "calendar", at: "/calendar", heading: "Upgrade calendar", loaded: "shop-production" },
  { name: "calendar-table", at: "/calendar?view=table", heading: "Upgrade calendar", loaded: "shop-production" },
  { name: "automations", at: "/automations", heading: "Automations", loaded: "Create rule" },
  { name: "automation", at: "/automations/new", heading: "Create rule", loaded: "What it meets now" },
  { name: "settings", at: "/settings", heading: "Settings", loaded: "aws.role_name", moves: true },
  { name: "settings-accounts", at: "/settings?tab=accounts", heading: "Settings", loaded: "Nordhafen Shop (111122223333)" },
  { name: "settings-schedule", at: "/settings?tab=schedule", heading: "Settings", loaded: "schedule.interval" },
  { name: "settings-keys", at: "/settings?tab=keys", heading: "Settings", loaded: "Everything", moves: true },
  { name: "settings-events", at: "/settings?tab=sinks", heading: "Settings", loaded: "Dead letters" },
  { name: "settings-audit", at: "/settings?tab=audit", heading: "Settings", loaded: "CreateKey", moves: true },
];

for (const p of pages) {
  test(`${p.name} is accessible and fits`, async ({ page }) => {
    // Places are listed at the time of the test, which is not the demo's.
    await page.route("**/api/v1/coverage", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), discovered_at: demoTime.toISOString() } });
    });
    await page.goto(p.at);
    await expect(page.getByRole("heading", { level: 1, name: p.heading })).toBeVisible();
    await expect(page.getByText(p.loaded, { exact: true }).first()).toBeVisible();
    await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
    if (p.below) {
      await page
        .getByText(p.loaded, { exact: true })
        .first()
        .evaluate((e) => e.scrollIntoView({ block: "center" }));
    }
    await inBothModes(page, p.moves ? undefined : p.name);
  });
}

test("an image is accessible and fits", async ({ page }) => {
  await page.goto("/images?q=shop/web");
  await page.getByRole("link", { name: "shop/web" }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "shop/web" })).toBeVisible();
  await expect(page.getByRole("link", { name: /^CVE-/ }).first()).toBeVisible();
  await inBothModes(page, "image");
});

test("every page has a Chinese translation that fits", async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem("eksposure.looks", JSON.stringify({ language: "zh-CN" })));
  for (const [at, heading] of [
    ["/summary", "摘要"],
    ["/clusters", "集群"],
    ["/vulnerabilities", "漏洞"],
    ["/calendar", "升级日历"],
    ["/automations/new", "创建规则"],
    ["/settings", "设置"],
  ] as const) {
    await page.goto(at);
    await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
    await expect(page.locator("[class*=awsui_spinner]")).toHaveCount(0);
    await keep(page, `zh-CN${at.replaceAll("/", "-")}`);
  }
});
