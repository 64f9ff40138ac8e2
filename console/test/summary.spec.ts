import { expect, inBothModes, tabTo, test } from "./fixtures";

test("the summary is arranged, by clicking and by keyboard, and stays so", async ({ page }) => {
  await page.goto("/summary");
  await expect(page.getByRole("heading", { level: 2 }).first()).toHaveText("Open exposures by severity");
  await page.getByRole("button", { name: "Arrange" }).click();
  const dialog = page.getByRole("dialog");
  await inBothModes(page, "summary-arrange");
  await dialog.getByRole("checkbox", { name: "Trend" }).uncheck();
  await dialog.getByRole("button", { name: "Move up: Most severe" }).click();
  await dialog.getByRole("button", { name: "Arrange" }).click();
  await expect(page.getByRole("heading", { level: 2 }).first()).toHaveText("Most severe");
  await page.reload();
  await expect(page.getByRole("heading", { level: 2 }).first()).toHaveText("Most severe");
  await expect(page.getByRole("heading", { level: 2, name: "Trend" })).toHaveCount(0);

  await tabTo(page, "Arrange", "button");
  await page.keyboard.press("Enter");
  await tabTo(dialog, "As it was at first", "button");
  await page.keyboard.press("Enter");
  await tabTo(dialog, "Arrange", "button");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 2 }).first()).toHaveText("Open exposures by severity");
  await expect(page.getByRole("heading", { level: 2, name: "Trend" })).toBeVisible();
});
