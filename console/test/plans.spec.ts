import type { Page } from "@playwright/test";
import { expect, inBothModes, keep, tabTo } from "./fixtures";
import { translator } from "../src/text/said";
import pairs from "../src/text/zh-CN/said";
import { approveAndApply, state, still, test } from "./own";
import { everythingSaid } from "./told";
import { unsaid } from "./unsaid";

test.describe.configure({ mode: "serial" });

/** Opens the remediation of the exposure of a cluster. */
async function remediationOf(page: Page, cluster: string) {
  await page.goto("/exposures?group=none");
  await page.getByRole("row", { name: cluster }).getByRole("link").click();
  await page.getByRole("tab", { name: "Remediation" }).click();
  await expect(page.getByText("Topics in recommended order")).toBeVisible();
}

test("a change is planned, approved, applied and reverted", async ({ page }) => {
  await remediationOf(page, "shop-us");
  await page.getByRole("button", { name: "Plan this change: Internet reachable" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: "Make the endpoint private" }).check();
  await dialog.getByRole("button", { name: "Draft the plan" }).click();

  await expect(page.getByRole("heading", { level: 1, name: /^shop-us: Make the endpoint private/ })).toBeVisible();
  await expect(state(page, "Drafted")).toBeVisible();
  await expect(page.getByRole("region", { name: "Change: Switch the public endpoint off" })).toContainText("- public: true");

  await approveAndApply(page);
  await expect(state(page, "Done")).toBeVisible();
  await expect(page.getByText("The trait is gone.", { exact: false })).toBeVisible();

  await page.getByRole("button", { name: "Revert" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revert" }).click();
  await expect(state(page, "Reverted")).toBeVisible();
  await expect(page.getByRole("heading", { name: "Taken back" })).toBeVisible();
});

test.describe("what the server refuses", () => {
  test.use({ refused: "/api/v1/plans" });

  test("is said where it was entered; who would be shut out stops the plan", async ({ page }) => {
    await remediationOf(page, "shop-preview");
    await page.getByRole("button", { name: "Plan this change: Internet reachable" }).click();
    const dialog = page.getByRole("dialog");
    const draft = dialog.getByRole("button", { name: "Draft the plan" });
    const ranges = dialog.getByLabel("CIDR ranges that stay let in");
    await dialog.getByRole("radio", { name: "Use the private endpoint and limit the public one" }).check();
    await draft.click();
    await expect(dialog.getByText("Enter a value.")).toBeVisible();
    await ranges.fill("203.0.113.7/24");
    await draft.click();
    await expect(dialog.getByText("203.0.113.7/32", { exact: false })).toBeVisible();
    await ranges.fill("203.0.113.0/24");
    await dialog.getByLabel("Address that your requests come from").fill("198.51.100.7");
    await draft.click();
    await expect(page.getByText(/^These checks do not hold: operator/)).toBeVisible();
    await expect(page.getByRole("button", { name: "Approve" })).toHaveAttribute("aria-disabled", "true");
  });
});

test("ranges come from who called, who is shown, in Chinese too", async ({ page }) => {
  await still(page);
  await remediationOf(page, "shop-production");
  await page.getByRole("button", { name: "Plan this change: Internet reachable" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: "Use the private endpoint and limit the public one" }).check();
  await dialog.getByLabel("Days whose callers stay let in").fill("7");
  await dialog.getByRole("button", { name: "Draft the plan" }).click();

  const callers = page.getByRole("table", { name: "Who called" });
  const pipeline = callers.getByRole("row", { name: /^203\.0\.113\.8/ });
  await expect(pipeline).toContainText("Stays let in");
  await expect(pipeline).toContainText("assumed-role/deploy/pipeline");
  await expect(pipeline).toContainText("shop-deployers");
  await callers.scrollIntoViewIfNeeded();
  await inBothModes(page, "plan-callers");

  await page.emulateMedia({ colorScheme: "light" });
  await page.evaluate(() => localStorage.setItem("eksposure.looks", JSON.stringify({ language: "zh-CN" })));
  await page.reload();
  const chinese = page.getByRole("table", { name: "调用方" });
  await expect(chinese.getByRole("row", { name: /^203\.0\.113\.8/ })).toContainText("仍被允许");
  await chinese.scrollIntoViewIfNeeded();
  await keep(page, "zh-CN-plan-callers");
});

test("by keyboard alone: what cannot be undone is accepted by typing, and the plan is cancelled", async ({ page }) => {
  await remediationOf(page, "payments-legacy");
  await page.getByRole("tab", { name: "Remediation" }).focus();
  await tabTo(page, "Plan this change: Unencrypted Kubernetes secrets", "button");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  await tabTo(page, "ARN of a KMS key", "textbox");
  await page.keyboard.type("arn:aws:kms:us-east-1:444455556666:key/5ce1193c-dec4-4999-ae1a-0fbcbb7dd2a1");
  await page.keyboard.press("Enter");
  await expect(state(page, "Drafted")).toBeVisible();

  await tabTo(page, "Approve", "button");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  await tabTo(page, "existing secrets", "checkbox");
  await page.keyboard.press("Space");
  await tabTo(page, /^Type “irreversible”/, "textbox");
  await page.keyboard.type("irreversible");
  await page.keyboard.press("Enter");
  await expect(state(page, "Approved")).toBeVisible();

  await tabTo(page, "Cancel the plan", "button");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  await tabTo(page.getByRole("dialog"), "Cancel the plan", "button");
  await page.keyboard.press("Enter");
  await expect(state(page, "Cancelled")).toBeVisible();
});

test("plans are found by their state", async ({ page }) => {
  await page.goto("/remediation");
  await page.getByRole("button", { name: "State All" }).click();
  await page.getByRole("option", { name: "Cancelled" }).click();
  await expect(page).toHaveURL(/state=cancelled/);
  await page.getByRole("link", { name: /^payments-legacy/ }).click();
  await page.getByRole("link", { name: "Open the exposure" }).click();
  await expect(page.getByText("Plans of this exposure")).toBeVisible();
});

test("the list is accessible", async ({ page }) => {
  await still(page);
  await page.goto("/remediation?sort=plan");
  await expect(page.getByRole("link", { name: /^shop-us/ })).toBeVisible();
  await inBothModes(page, "remediation");
});

for (const [name, cluster, ready] of [
  ["plan", "shop-preview", "Checks"],
  ["plan-reverted", "shop-us", "Taken back"],
] as const) {
  test(`the ${name} is accessible`, async ({ page }) => {
    await still(page);
    await page.goto("/remediation");
    await page.getByRole("link", { name: new RegExp(`^${cluster}`) }).click();
    await expect(page.getByRole("heading", { name: ready })).toBeVisible();
    await inBothModes(page, name);
  });
}

test("the dialog that drafts is accessible", async ({ page }) => {
  await remediationOf(page, "shop-staging");
  await page.getByRole("button", { name: /^Plan this change: Internet reachable$/ }).click();
  await page.getByRole("radio", { name: "Use the private endpoint and limit the public one" }).check();
  await inBothModes(page, "plan-draft");
});

test("in Chinese", async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem("eksposure.looks", JSON.stringify({ language: "zh-CN" })));
  await still(page);
  await page.goto("/remediation");
  await page.getByRole("link", { name: /^shop-preview/ }).click();
  await expect(page.getByRole("heading", { name: "检查" })).toBeVisible();
  await expect(page.getByText("操作者地址").first()).toBeVisible();
  for (const said of await page.locator(".plan-checks li, .plan-notes li").allInnerTexts()) {
    expect(said, "what the server says is in Chinese").not.toMatch(/[a-z]+ [a-z]+ [a-z]+ [a-z]+/);
  }
  await keep(page, "zh-CN-plan");
});

/** The words of Kubernetes, of AWS and of people in what the demo says. */
const foreign = [/ is forbidden: User /, /: dial tcp /, /^ec2:.*The prefix list ID /, /tags: environment=|标签：/];

test("all that the demo says has a translation", async ({ page }) => {
  test.setTimeout(900_000);
  const said = translator(pairs);
  const left = [...(await everythingSaid(page))]
    .flatMap((text) => text.replace(/^ *```[^]*?^ *```$/gm, "").split("\n"))
    .filter((line) => !foreign.some((f) => f.test(line)) && unsaid(said(line)) !== undefined);
  expect(left, "give these a pair in src/text/zh-CN/said").toEqual([]);
});
