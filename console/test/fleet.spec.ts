import type { Page } from "@playwright/test";
import { demoTime, expect, inBothModes, keep, tabTo } from "./fixtures";
import { approveAndApply, state, still, test } from "./own";

test.describe.configure({ mode: "serial" });

const topic = "/remediation/fleet/new?wish=resolved&topic=internet-reachable";

test("from a goal to a fleet plan that is applied, wave after wave", async ({ page }) => {
  test.setTimeout(600_000);
  await page.goto("/remediation?tab=fleet");
  await expect(page.getByText("No fleet plans yet")).toBeVisible();
  await page.getByRole("button", { name: "Plan for the fleet" }).click();
  await page.getByLabel("Bring them to").click();
  await page.getByRole("option", { name: "Resolved" }).click();
  await expect(page).toHaveURL(/wish=resolved/);
  await page.getByRole("radio", { name: "Choose Internet reachable", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Internet reachable", exact: true })).toBeVisible();
  await page.getByRole("radio", { name: "Make the endpoint private" }).check();
  await page.getByLabel("Only these clusters").fill("shop-us, shop-preview");
  await page.getByLabel("First wave").fill("shop-preview");
  await page.getByLabel("Clusters of each further wave").fill("0");
  await page.getByRole("button", { name: "Draft the fleet plan" }).click();
  await expect(page.getByText("Enter a whole number, 1 or more.", { exact: true })).toBeVisible();
  await page.getByLabel("Clusters of each further wave").fill("1");
  await page.getByRole("button", { name: "Draft the fleet plan" }).click();

  await expect(page.getByRole("heading", { level: 1, name: /^Make the endpoint private in 2 clusters/ })).toBeVisible();
  await expect(page.getByRole("table", { name: "Wave 1: the first to try it" }).getByRole("link", { name: "shop-preview" })).toBeVisible();
  await expect(page.getByRole("table", { name: "Wave 2" }).getByRole("link", { name: "shop-us" })).toBeVisible();
  await expect(page.getByRole("table", { name: "What it is a step to" }).getByText("This plan")).toBeVisible();

  await approveAndApply(page);
  await expect(page.getByText("1 of 2", { exact: true }).first()).toBeVisible();
  await expect(state(page, "Done")).toBeVisible();
  await expect(page.getByText("2 of 2", { exact: true }).first()).toBeVisible();
  await page.getByRole("link", { name: "shop-us" }).click();
  await expect(page.getByText("The trait is gone.", { exact: false })).toBeVisible();
});

test("all of it is reverted, the last wave first", async ({ page }) => {
  test.setTimeout(600_000);
  await page.goto("/remediation?tab=fleet");
  await page.getByRole("link", { name: /in 2 clusters/ }).click();
  await expect(state(page, "Done")).toBeVisible();
  await page.getByRole("button", { name: "Revert" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText("the last wave first", { exact: false })).toBeVisible();
  await dialog.getByRole("button", { name: "Revert" }).click();
  await expect(state(page, "Reverting")).toBeVisible();
  await expect(page.getByRole("table", { name: "Wave 2" }).getByText("Reverted", { exact: true })).toBeVisible();
  await expect(state(page, "Reverted")).toBeVisible();
  await expect(page.getByRole("table", { name: "Wave 1: the first to try it" }).getByText("Reverted", { exact: true })).toBeVisible();
  await page.getByRole("link", { name: "shop-us" }).click();
  await expect(page.getByRole("heading", { name: "Taken back" })).toBeVisible();
});

/** A draft as the server tells it, of somebody. */
const draftOf = (author: string) => ({
  id: "0a1b2c3d4e5f",
  trait: "internet-reachable",
  option: "private",
  author,
  author_name: "demo",
  begun_at: demoTime.toISOString(),
  done: 1,
  all: 3,
  cluster: { partition: "aws", account: "111122223333", region: "us-east-1", name: "shop-us" },
});

/** Lets the server tell of a draft besides, until it is called: the demo's own are done before anybody sees them. */
async function drafting(page: Page) {
  const session = (await (await page.request.get("/auth/session")).json()) as { user: { id: string } };
  let drafts = [draftOf(session.user.id)];
  await page.route("**/api/v1/fleet-plans", async (route) => {
    if (route.request().method() !== "GET") {
      return route.fallback();
    }
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), drafting: drafts } });
  });
  return () => {
    drafts = [];
  };
}

test("how far a draft is, is told where it is drafted", async ({ page }) => {
  const end = await drafting(page);
  let go: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  await page.route("**/api/v1/fleet-plans", async (route) => {
    if (route.request().method() === "POST") {
      await held;
    }
    await route.fallback();
  });
  await page.goto(topic);
  await page.getByLabel("Only these clusters").fill("shop-staging");
  await page.getByRole("button", { name: "Draft the fleet plan" }).click();
  await expect(page.getByRole("progressbar", { name: "Internet reachable" })).toBeVisible();
  await expect(page.getByText("1 of 3 clusters looked at, now shop-us", { exact: true }).first()).toBeVisible();
  await inBothModes(page);

  // Who goes elsewhere meanwhile is told there.
  await page.getByRole("link", { name: "Clusters", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Clusters" })).toBeVisible();
  end();
  go();
  await expect(page.getByText("The fleet plan was drafted")).toBeVisible();
  await page.getByRole("button", { name: "Open the fleet plan" }).click();
  await expect(page.getByRole("heading", { level: 1, name: /in 1 cluster/ })).toBeVisible();
});

test.describe("before there is a fleet plan", () => {
  test.use({ refused: "/api/v1/fleet-plans/0a1b2c3d4e5f" });

  test("its page and the list tell how far its draft is, in Chinese too; then it is there", async ({ page }) => {
    const { items } = (await (await page.request.get("/api/v1/fleet-plans")).json()) as { items: { id: string }[] };
    let drafted = false;
    await page.route("**/api/v1/fleet-plans/0a1b2c3d4e5f", async (route) => {
      const url = route.request().url();
      await route.fulfill({ response: await route.fetch({ url: drafted ? url.replace("0a1b2c3d4e5f", items[0]?.id ?? "") : url }) });
    });
    const end = await drafting(page);
    await page.goto("/remediation?tab=fleet");
    await expect(page.getByRole("heading", { level: 2, name: "Being drafted" })).toBeVisible();
    await page.getByRole("link", { name: "Open the page of the draft: Internet reachable" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Being drafted" })).toBeVisible();
    await expect(page.getByText("1 of 3 clusters looked at, now shop-us", { exact: true }).first()).toBeVisible();
    await inBothModes(page, "fleet-plan-draft");

    await page.evaluate(() => localStorage.setItem("eksposure.looks", JSON.stringify({ language: "zh-CN" })));
    await page.reload();
    await expect(page.getByRole("heading", { level: 1, name: "正在起草" })).toBeVisible();
    await expect(page.getByText("已查看 1/3 个集群，正在查看 shop-us", { exact: true }).first()).toBeVisible();
    drafted = true;
    end();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("将端点设为私有");
  });
});

test("by keyboard alone: one is drafted, approved and cancelled", async ({ page }) => {
  await page.goto(topic);
  await expect(page.getByRole("heading", { name: "Internet reachable", exact: true })).toBeVisible();
  await tabTo(page, /^Only these clusters/, "textbox");
  await page.keyboard.type("shop-staging");
  await tabTo(page, "Draft the fleet plan", "button");
  await page.keyboard.press("Enter");
  await expect(state(page, "Drafted")).toBeVisible();

  await tabTo(page, "Approve", "button");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  for (const check of await dialog.getByRole("checkbox").all()) {
    for (let i = 0; i < 20 && !(await check.evaluate((e) => e === document.activeElement)); i++) {
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Space");
  }
  await tabTo(dialog, "Approve", "button");
  await page.keyboard.press("Enter");
  await expect(state(page, "Approved")).toBeVisible();

  await tabTo(page, "Cancel the plan", "button");
  await page.keyboard.press("Enter");
  await tabTo(dialog, "Cancel the plan", "button");
  await page.keyboard.press("Enter");
  await expect(state(page, "Cancelled")).toBeVisible();
});

test("fleet plans are found by their state, and are accessible", async ({ page }) => {
  await still(page);
  await page.goto("/remediation?tab=fleet&state=cancelled");
  await expect(page.getByRole("link", { name: /in 1 cluster$/ })).toBeVisible();
  await expect(page.getByRole("link", { name: /in 2 clusters/ })).toHaveCount(0);
  await page.goto("/remediation?tab=fleet&sort=plan");
  await expect(page.getByRole("link", { name: /in 2 clusters/ })).toBeVisible();
  await inBothModes(page, "remediation-fleet");
});

test("a fleet plan is accessible", async ({ page }) => {
  await still(page);
  await page.goto("/remediation?tab=fleet");
  await page.getByRole("link", { name: /in 2 clusters/ }).click();
  await expect(page.getByRole("heading", { name: "What is not known" })).toBeVisible();
  await expect(page.getByText("Loading")).toHaveCount(0);
  await inBothModes(page, "fleet-plan");
});

test("where one is drafted is accessible, in Chinese too", async ({ page }) => {
  await page.goto(topic);
  await expect(page.getByRole("heading", { name: "Internet reachable", exact: true })).toBeVisible();
  await inBothModes(page, "fleet-plan-new");
  await page.addInitScript(() => localStorage.setItem("eksposure.looks", JSON.stringify({ language: "zh-CN" })));
  await page.goto(topic);
  await expect(page.getByRole("heading", { name: "可从互联网访问", exact: true })).toBeVisible();
  await keep(page, "zh-CN-fleet-plan-new");
});
