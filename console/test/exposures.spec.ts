import { expect, inBothModes, keep, test } from "./fixtures";

const production = /171995829ff2fdf4/;
const list = "/exposures?group=none";

test("exposures are grouped by title, and a group leads to its findings", async ({ page }) => {
  await page.goto("/exposures");
  const groups = page.getByRole("grid", { name: "Exposures" });
  await groups.getByRole("link", { name: /Potentially internet reachable EKS cluster has a workload/ }).click();
  await expect(page).toHaveURL(/within=/);
  await expect(page.getByRole("heading", { name: /^Title: Potential Initial Access/ })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", { name: "Exposures (9)" })).toBeVisible();
});

test("quick filters narrow the list, and the address keeps them", async ({ page }) => {
  await page.goto(list);
  await page.getByRole("checkbox", { name: "Critical, 2" }).click();
  await expect(page.getByRole("heading", { name: "Exposures (2)" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Exposures (2)" })).toBeVisible();
  await expect(page.getByText("Severity = Critical")).toBeVisible();
});

test("the page is in the address, and another filter begins with the first", async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem("eksposure.exposures.list", JSON.stringify({ pageSize: 4 })));
  await page.goto(`${list}&page=3`);
  const rows = page.locator("tbody tr");
  await expect(rows).toHaveCount(1);
  await page.getByRole("button", { name: "Previous page" }).click();
  await expect(page).toHaveURL(/page=2/);
  await expect(rows).toHaveCount(4);
  await page.goBack();
  await expect(rows).toHaveCount(1);
  await page.getByRole("checkbox", { name: "Critical, 2" }).click();
  await expect(page).not.toHaveURL(/page=/);
  await expect(rows).toHaveCount(2);
});

test("the filter bar takes the API's fields and operators", async ({ page }) => {
  await page.goto(list);
  const bar = page.getByRole("combobox", { name: "Filter exposures" });
  await bar.fill("Region ^ eu-west");
  await bar.press("Enter");
  await expect(page.getByRole("heading", { name: "Exposures (3)" })).toBeVisible();
});

test("a trait can be filtered by, and grouped by", async ({ page }) => {
  await page.goto("/exposures?group=trait");
  await page.getByRole("link", { name: "Unencrypted Kubernetes secrets" }).click();
  await expect(page.getByRole("heading", { name: "Trait: Unencrypted Kubernetes secrets" })).toBeVisible();
  await expect(page.getByRole("row")).not.toHaveCount(0);
});

test("selecting a finding shows it beside the list", async ({ page }) => {
  await page.goto(list);
  await page.getByRole("gridcell", { name: /^shop-production/ }).click();
  await expect(page).toHaveURL(production);
  await expect(page.getByRole("heading", { name: "How the severity comes about" })).toBeVisible();
  await page.getByRole("button", { name: "Open as a page" }).click();
  await expect(page).toHaveURL(/\/exposures\/171995829ff2fdf4/);
});

test("what is shown can be downloaded", async ({ page }) => {
  await page.goto(list);
  await expect(page.getByRole("heading", { name: "Exposures (9)" })).toBeVisible();
  await page.getByRole("button", { name: "Export" }).click();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "This page as CSV" }).click()]);
  expect(file.suggestedFilename()).toBe("exposures.csv");
});

test("by keyboard alone: filter, choose, and open a finding", async ({ page }) => {
  await page.goto(list);
  await page.getByRole("combobox", { name: "Filter exposures" }).focus();
  await page.keyboard.type("shop-production");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Exposures (1)" })).toBeVisible();
  const link = page.getByRole("link", { name: /^Potential Remote Execution/ });
  await link.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "shop-production", level: 1 })).toBeVisible();
});

for (const [name, address, ready] of [
  ["exposures", "/exposures", "Exposures (9)"],
  ["exposures-list", list, "Exposures (9)"],
] as const) {
  test(`${name} is accessible`, async ({ page }) => {
    await page.goto(address);
    await expect(page.getByRole("heading", { name: ready })).toBeVisible();
    await expect(page.getByRole("checkbox", { name: "Critical, 2" })).toBeVisible();
    await expect(page.getByRole("checkbox", { name: /^High priority vulnerability/ })).toBeVisible();
    await inBothModes(page, name);
  });
}

test.describe("in Chinese", () => {
  test("the list is in Chinese", async ({ page }) => {
    await page.addInitScript(() => localStorage.setItem("eksposure.looks", JSON.stringify({ language: "zh-CN" })));
    await page.goto(list);
    await expect(page.getByRole("heading", { name: "暴露 (9)" })).toBeVisible();
    await keep(page, "exposures-list-zh-CN");
  });
});
