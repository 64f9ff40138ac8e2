import type { Page } from "@playwright/test";
import { expect, inBothModes, test } from "./fixtures";

const finding = "/exposures/171995829ff2fdf4be21c34058c2d843d9a0ecc1a1140f998c311c8536e72291";

/** Scrolls to the graph, which is drawn when it comes into sight. */
const toGraph = (page: Page) => page.getByRole("heading", { name: "Potential attack path" }).scrollIntoViewIfNeeded();

test("the graph shows a resource's traits, by click and by keyboard", async ({ page }) => {
  await page.goto(finding);
  await toGraph(page);
  await page.getByRole("button", { name: "shop-production, EKS cluster, one trait" }).click();
  const reached = page.getByText("Reached from");
  await expect(reached).toBeVisible();
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await expect(reached).toBeHidden();
  await page.getByRole("button", { name: "Internet, Internet" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await expect(reached).toBeVisible();
});

test("the graph folds, and has a list in words", async ({ page }) => {
  await page.goto(finding);
  await toGraph(page);
  await expect(page.getByText("23 / 23")).toBeVisible();
  await page.getByRole("button", { name: "Collapse all" }).click();
  await expect(page.getByText("23 / 23")).toBeHidden();
  await page.getByRole("button", { name: "As a list" }).click();
  await expect(page.getByRole("listitem").filter({ hasText: /^Internet \(Internet\)/ })).toBeVisible();
});

test("vulnerabilities unfold from image to package to CVE", async ({ page }) => {
  await page.goto(`${finding}?tab=traits`);
  await page.getByRole("button", { name: "Expand shop/cart:v1.8.2" }).click();
  await page.getByRole("button", { name: /^Expand libnghttp2-14/ }).click();
  const row = page.getByRole("row").filter({ hasText: "CVE-2023-44487" });
  await expect(row).toContainText("KEV");
  await expect(row).toContainText("CVSS:3.1/AV:N");
});

test("ticking topics says what would be left, by keyboard alone", async ({ page }) => {
  await page.goto(`${finding}?tab=remediation`);
  const least = page.getByRole("button", { name: "Medium (3)" });
  await least.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByText("3 topics ticked")).toBeVisible();
  await page.getByRole("checkbox", { name: "Tick Internet reachable workload" }).focus();
  await page.keyboard.press("Space");
  await expect(page.getByText("2 topics ticked")).toBeVisible();
});

test("guidance has the cluster's names, in the chosen tool", async ({ page }) => {
  await page.goto(`${finding}?tab=remediation`);
  await page.getByRole("button", { name: "Internet reachable", exact: true }).click();
  await expect(page.getByText("aws eks update-cluster-config --region eu-central-1 --name shop-production").first()).toBeVisible();
  await page.getByRole("button", { name: "Terraform" }).click();
  await expect(page.getByText("endpoint_public_access").first()).toBeVisible();
});

test("a comment is set on a finding", async ({ page }) => {
  await page.goto("/exposures?group=none");
  await page.getByRole("link", { name: /^Potential Credential Access/ }).click();
  await page.getByRole("button", { name: "Update" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Comment").fill("Accepted until the key is replaced.");
  await dialog.getByRole("button", { name: "Update" }).click();
  await expect(page.getByText("The exposure was updated")).toBeVisible();
  await expect(page.getByText("Accepted until the key is replaced.").first()).toBeVisible();
});

for (const [tab, ready] of [
  ["overview", "How the severity comes about"],
  ["traits", "Vulnerabilities by image, package and CVE"],
  ["resources", "Open in the AWS console"],
  ["remediation", "Topics in recommended order"],
  ["json", "OCSF Detection Finding"],
] as const) {
  test(`the tab ${tab} is accessible`, async ({ page }) => {
    await page.goto(`${finding}?tab=${tab}`);
    await expect(page.getByText(ready).first()).toBeVisible();
    await inBothModes(page, `exposure-${tab}`);
  });
}

test("the graph is accessible", async ({ page }) => {
  await page.goto(finding);
  await toGraph(page);
  await expect(page.getByText("23 / 23")).toBeVisible();
  await page.locator(".path").evaluate((e) => e.scrollIntoView({ block: "center" }));
  await inBothModes(page, "exposure-path");
});
