import type { Page } from "@playwright/test";
import { expect, inBothModes, tabTo, test } from "./fixtures";

// The demo's lists fit on one page; here the server is asked for pages of two.
async function shortPages(page: Page, list: string) {
  await page.route(new RegExp(`/api/v1/${list}\\?`), (route) => {
    const url = new URL(route.request().url());
    url.searchParams.set("limit", "2");
    return route.continue({ url: url.href });
  });
}

/** Reads all that a list has, as the server sorts it. */
async function all<T>(page: Page, query: string): Promise<T[]> {
  const answer = await page.request.get(`/api/v1/${query}&limit=200`);
  return ((await answer.json()) as { items: T[] }).items;
}

/** Sorts by a column; with the keyboard, as the header that stays in sight lies over the table's own. */
const sortBy = (page: Page, column: string) => page.getByRole("columnheader", { name: column }).getByRole("button").press("Enter");

const row = (page: Page, n: number) => page.locator("tbody tr").nth(n).locator("th a").first();

test("clusters are sorted and searched over all pages", async ({ page }) => {
  await shortPages(page, "clusters");
  const named = await all<{ cluster: { ref: { name: string } } }>(page, "clusters?sort=-name");
  const names = named.map((c) => c.cluster.ref.name);
  expect(names.length).toBeGreaterThan(4);
  await page.goto("/clusters");
  await expect(page.locator("tbody tr")).toHaveCount(2);
  await expect(page.getByText(`(${names.length})`, { exact: true })).toBeVisible();
  await sortBy(page, "Name");
  await expect(page).toHaveURL(/sort=-name/);
  await expect(row(page, 0)).toHaveText(names[0] ?? "");
  await page.getByRole("button", { name: "Next page" }).click();
  await expect(row(page, 0)).toHaveText(names[2] ?? "");
  await page.getByRole("button", { name: "Next page" }).click();
  await expect(row(page, 0)).toHaveText(names[4] ?? "");
  await page.reload();
  await expect(row(page, 0)).toHaveText(names[4] ?? "");
  await inBothModes(page);
  await page.getByRole("button", { name: "Previous page" }).click();
  await expect(row(page, 0)).toHaveText(names[2] ?? "");
  await page.goBack();
  await expect(row(page, 0)).toHaveText(names[4] ?? "");
  await page.getByPlaceholder(/^Find clusters/).fill(names[0] ?? "");
  await expect(row(page, 0)).toHaveText(names[0] ?? "");
  await expect(page).not.toHaveURL(/page=/);
  await page.getByPlaceholder(/^Find clusters/).fill("nobody has this");
  await page.getByRole("button", { name: "Clear the search" }).click();
  await page.getByRole("button", { name: /^Account/ }).click();
  await page.getByRole("option", { name: "Nordhafen Payments" }).click();
  await expect(page).toHaveURL(/account=444455556666/);
  await expect(page.getByRole("columnheader", { name: "Name" })).toHaveAttribute("aria-sort", "descending");
});

test("images are sorted and filtered over all pages", async ({ page }) => {
  await shortPages(page, "images");
  const images = await all<{ digest: string; repository: string; running: number }>(page, "images?sort=-running");
  const last = images.at(-1);
  expect(images.length).toBeGreaterThan(4);
  await page.goto("/images");
  await expect(page.locator("tbody tr")).toHaveCount(2);
  await sortBy(page, "Pods");
  await expect(page).toHaveURL(/sort=running/);
  await sortBy(page, "Pods");
  await expect(page).toHaveURL(/sort=-running/);
  await expect(row(page, 0)).toHaveAttribute("href", new RegExp(images[0]?.digest.slice(7) ?? ""));
  await page.getByPlaceholder(/^Find images/).fill(last?.digest ?? "");
  await expect(page.getByText("(1)", { exact: true })).toBeVisible();
  await expect(row(page, 0)).toHaveAttribute("href", new RegExp(last?.digest.slice(7) ?? ""));
  await page.goto("/images?show=running&sort=running");
  const fewest = images.filter((i) => i.running > 0);
  await expect(page.getByText(`(${fewest.length})`, { exact: true })).toBeVisible();
  await expect(row(page, 0)).toHaveAttribute("href", new RegExp(fewest.at(-1)?.digest.slice(7) ?? ""));
});

test("vulnerabilities are ranked and searched over all pages, with the keyboard", async ({ page }) => {
  await shortPages(page, "vulnerabilities");
  const ranked = await all<{ id: string }>(page, "vulnerabilities?sort=epss");
  const last = ranked.at(-1)?.id ?? "";
  await page.goto("/vulnerabilities?sort=epss");
  await expect(row(page, 0)).toHaveText(ranked[0]?.id ?? "");
  await tabTo(page, "Next page", "button");
  await page.keyboard.press("Enter");
  await expect(row(page, 0)).toHaveText(ranked[2]?.id ?? "");
  await tabTo(page, "First page", "button");
  await page.keyboard.press("Enter");
  await expect(row(page, 0)).toHaveText(ranked[0]?.id ?? "");
  await page.getByPlaceholder("Find by CVE or package").fill(last);
  await expect(row(page, 0)).toHaveText(last);
});
