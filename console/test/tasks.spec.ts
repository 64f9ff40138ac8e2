import { expect, tabTo, test } from "./fixtures";

// What each page is mostly for, once by clicking. With the keyboard alone: below.

test("from the summary to the most severe exposures of an account", async ({ page }) => {
  await page.goto("/summary");
  await page.getByRole("button", { name: /^Account/ }).click();
  await page.getByRole("option", { name: "111122223333" }).click();
  await expect(page).toHaveURL(/account=111122223333/);
  await expect(page.getByText(/Does not follow: .*Account/).first()).toBeVisible();
  await page.getByRole("link", { name: /Show the Critical exposures/ }).click();
  await expect(page).toHaveURL(/\/exposures\?.*Critical/);
  await page.goBack();
  await expect(page).toHaveURL(/\/summary\?account=111122223333/);
});

test("which clusters run a version that is past standard support", async ({ page }) => {
  await page.goto("/clusters");
  await page
    .getByRole("textbox", { name: /Find clusters/ })
    .or(page.getByPlaceholder(/Find clusters/))
    .first()
    .fill("1.32");
  await expect(page).toHaveURL(/q=1.32/);
  await expect(page.getByRole("row", { name: /ledger/ })).toContainText("Extended");
  await page.getByRole("link", { name: "ledger" }).click();
  await expect(page.getByRole("heading", { name: "Version support" })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("row", { name: /ledger/ })).toBeVisible();
});

test("a scan from the console tells its progress, and the list is read again", async ({ page }) => {
  await page.goto("/clusters/444455556666/eu-west-1/ledger");
  let reads = 0;
  page.on("request", (r) => (reads += r.url().endsWith("/clusters/444455556666/eu-west-1/ledger") ? 1 : 0));
  await page.getByRole("button", { name: "Scan now" }).click();
  await expect(page.getByText("The scan ended")).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText("1 cluster was scanned.")).toBeVisible();
  expect(reads).toBeGreaterThan(0);
});

test("where a vulnerability runs", async ({ page }) => {
  await page.goto("/vulnerabilities");
  await page.getByRole("button", { name: "Order Furthest reach" }).click();
  await page.getByRole("option", { name: "Likeliest exploited" }).click();
  await page.getByPlaceholder("Find by CVE or package").fill("openssl");
  await expect(page).toHaveURL(/q=openssl/);
  await page.getByRole("link", { name: "CVE-2022-2068" }).click();
  await expect(page.getByRole("row", { name: /shop\/web/ })).toContainText("shop-production");
  await page.getByRole("link", { name: "shop-production" }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "shop-production" })).toBeVisible();
});

test("which layer of an image brought a vulnerability", async ({ page }) => {
  await page.goto("/images");
  await page.getByRole("link", { name: "shop/web" }).first().click();
  await page.getByRole("tab", { name: "Layers" }).click();
  await expect(page).toHaveURL(/tab=layers/);
  await expect(page.getByRole("row").nth(1)).toBeVisible();
});

test("the upgrade calendar as a table", async ({ page }) => {
  await page.goto("/calendar");
  await expect(page.getByRole("img", { name: /^1\.32/ })).toBeVisible();
  await page.getByRole("button", { name: "Table" }).click();
  await expect(page.getByRole("row", { name: /1\.32/ })).toContainText("ledger");
});

test("a rule is made with a preview, disabled, duplicated and deleted", async ({ page }) => {
  const name = "Low ones are suppressed";
  await page.goto("/automations");
  await page.getByRole("button", { name: "Create rule" }).first().click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Description").fill("Nobody looks at them");
  await page.getByRole("combobox", { name: "Value" }).or(page.getByLabel("Value")).first().fill("Low");
  await page.keyboard.press("Escape");
  await expect(page.getByText(/\(\d+ findings?\)/)).toBeVisible();
  await page
    .getByRole("button", { name: /^Comment|Comment/ })
    .or(page.getByLabel("Comment"))
    .first()
    .fill("by rule");
  await page.getByRole("button", { name: "Save rule" }).click();
  await expect(page.getByText(`“${name}” was saved`)).toBeVisible();
  const row = page.getByRole("row", { name: new RegExp(name) });
  await expect(row).toContainText("Enabled");
  await row.getByRole("radio").click();
  await expect(row.getByRole("radio")).toBeChecked();
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Disable" }).click();
  await expect(row).toContainText("Disabled");
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(row).toHaveCount(0);
});

test("a key is made, its secret shown once, and revoked", async ({ page }) => {
  await page.goto("/settings?tab=keys");
  await page.getByRole("button", { name: "Create key" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("a pipeline");
  await page.getByRole("dialog").getByRole("button", { name: "Create key" }).click();
  await expect(page.getByText("This is the only time the secret is shown.", { exact: false })).toBeVisible();
  await page.getByRole("button", { name: "I have copied it" }).click();
  const row = page.getByRole("row", { name: /a pipeline/ });
  await expect(row).toContainText("viewer");
  await row.getByRole("button", { name: /Revoke/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(row).toContainText("Revoked");
});

test.describe("with the keyboard alone", () => {
  test("filter the summary and open the most severe exposures", async ({ page }) => {
    await page.goto("/summary");
    await expect(page.getByRole("link", { name: /Show the Critical exposures/ })).toBeVisible();
    await tabTo(page, /^Severity/, "button");
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/severity=Critical/);
    await tabTo(page, /Show the Critical exposures/, "link");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/\/exposures/);
  });

  test("find where a vulnerability runs", async ({ page }) => {
    await page.goto("/vulnerabilities");
    await expect(page.getByRole("link", { name: "CVE-2022-2068" })).toBeVisible();
    await tabTo(page, "CVE-2022-2068", "link");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { name: /Where it runs/ })).toBeVisible();
  });

  test("find a cluster", async ({ page }) => {
    await page.goto("/clusters");
    await expect(page.getByRole("link", { name: "ledger" })).toBeVisible();
    await tabTo(page, /^Find clusters/, "searchbox");
    await page.keyboard.type("shop-us");
    await expect(page.getByRole("link", { name: "ledger" })).toHaveCount(0);
    await tabTo(page, "shop-us", "link");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 1, name: "shop-us" })).toBeVisible();
  });

  test("open an image from the list", async ({ page }) => {
    await page.goto("/images");
    await expect(page.getByRole("link", { name: "shop/web" }).first()).toBeVisible();
    await tabTo(page, "shop/web", "link");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 1, name: "shop/web" })).toBeVisible();
  });

  test("the calendar as a table", async ({ page }) => {
    await page.goto("/calendar");
    await expect(page.getByRole("button", { name: "Timeline" })).toBeVisible();
    await tabTo(page, "Timeline", "button");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/view=table/);
  });

  test("make a rule", async ({ page }) => {
    await page.goto("/automations/new");
    await expect(page.getByLabel("Name")).toBeVisible();
    await tabTo(page, "Name", "textbox");
    await page.keyboard.type("By keyboard");
    await page.keyboard.press("Tab");
    await page.keyboard.type("No mouse");
    await tabTo(page, /Value/, "combobox");
    await page.keyboard.type("Low");
    await page.keyboard.press("Escape");
    await tabTo(page, "Comment", "textbox");
    await page.keyboard.type("seen");
    await page.keyboard.press("Enter");
    await expect(page.getByText("“By keyboard” was saved")).toBeVisible();
  });

  test("make and revoke a key", async ({ page }) => {
    await page.goto("/settings?tab=keys");
    await expect(page.getByRole("button", { name: "Create key" })).toBeVisible();
    await tabTo(page, "Create key", "button");
    await page.keyboard.press("Enter");
    await tabTo(page, "Name", "textbox");
    await page.keyboard.type("by keyboard");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("button", { name: "I have copied it" })).toBeVisible();
    await tabTo(page, "I have copied it", "button");
    await page.keyboard.press("Enter");
    await tabTo(page, "Revoke by keyboard", "button");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog")).toBeVisible();
    await tabTo(page, /^Revoke$/, "button");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("row", { name: /by keyboard/ })).toContainText("Revoked");
  });
});

test("a viewer is told why something is not for them, and the server keeps it", async ({ page, browser, baseURL }) => {
  const { csrf_token } = (await (await page.request.get("/auth/session")).json()) as { csrf_token: string };
  const made = await page.request.post("/api/v1/keys", {
    headers: { "X-Csrf-Token": csrf_token },
    data: { name: "a viewer", role: "viewer" },
  });
  const { id, secret_access_key: secret } = (await made.json()) as { id: string; secret_access_key: string };
  const other = await browser.newContext({ baseURL: baseURL ?? "", storageState: { cookies: [], origins: [] } });
  expect((await other.request.post("/auth/key", { data: { access_key_id: id, secret_access_key: secret } })).ok()).toBe(true);
  const viewer = await other.newPage();
  await viewer.goto("/clusters");
  await expect(viewer.getByRole("button", { name: "Scan all clusters" })).toHaveAttribute("aria-disabled", "true");
  await viewer.goto("/settings?tab=keys");
  await expect(viewer.getByText("This needs the role admin")).toBeVisible();
  expect((await other.request.get("/api/v1/keys")).status()).toBe(403);
  await other.close();
});

test("the plans and the list of exposures know the traits, whichever is opened first", async ({ page }) => {
  await page.goto("/remediation");
  await expect(page.getByRole("heading", { level: 1, name: "Remediation" })).toBeVisible();
  await page.getByRole("link", { name: "Exposures", exact: true }).first().click();
  await expect(page.getByRole("checkbox", { name: /^High priority vulnerability/ })).toBeVisible();
});
