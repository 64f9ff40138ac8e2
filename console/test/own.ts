import type { Page } from "@playwright/test";
import { demoTime, expect, test as base } from "./fixtures";
import { signIn, startDemo } from "./server";

// Plans change clusters, and other tests count what is exposed: these have a demo of their own.
export const test = base.extend<object, { own: { url: string; state: string } }>({
  own: [
    async ({}, use, worker) => {
      const demo = await startDemo();
      await use({ url: demo.url, state: await signIn(demo, `signed-in-own-${worker.workerIndex}`) });
      await demo.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  baseURL: async ({ own }, use) => use(own.url),
  storageState: async ({ own }, use) => use(own.state),
});

/** How far the plan is whose page is shown. */
export const state = (page: Page, word: string) => page.getByRole("heading", { level: 1 }).getByText(word, { exact: true });

/** Approves the plan whose page is shown, once all is accepted that it asks for, and begins to apply it. */
export async function approveAndApply(page: Page) {
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Approve" }).click();
  const approve = dialog.getByRole("button", { name: "Approve" });
  await expect(approve).toBeDisabled();
  for (const check of await dialog.getByRole("checkbox").all()) {
    await check.check();
  }
  await approve.click();
  await expect(state(page, "Approved")).toBeVisible();
  await page.getByRole("button", { name: "Apply" }).click();
  await dialog.getByRole("button", { name: "Apply" }).click();
  await expect(state(page, "Applying")).toBeVisible();
}

/** Makes plans look the same each time: their times, IDs and hashes are others in every run. */
export async function still(page: Page) {
  await page.route(/\/api\/v1\/(fleet-)?plans/, async (route) => {
    const answer = await route.fetch();
    const body = (await answer.text())
      .replaceAll(/"20\d\d-\d\d-\d\dT[^"]+Z"/g, `"${demoTime.toISOString()}"`)
      .replaceAll(/"[0-9a-f]{64}"/g, `"${"0123456789abcdef".repeat(4)}"`)
      .replaceAll(/"update":"[^"]+"/g, `"update":"01234567-89ab-4cde-a012-3456789abcde"`);
    await route.fulfill({ response: answer, body });
  });
}
