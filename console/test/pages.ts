import AxeBuilder from "@axe-core/playwright";
import { type BrowserContext, expect, type Page, test as base } from "@playwright/test";
import path from "node:path";
import { server } from "./server";

/** Where the demo's clock stands. */
const demoTime = new Date("2026-11-24T12:00:00Z");

/** A test that is signed in, at the demo's time, and fails when the page logs an error. */
export const test = base.extend<{ signedIn: Page; looks: Looks }>({
  looks: [{}, { option: true }],
  signedIn: async ({ browser, looks }, use) => {
    const context = await browser.newContext({ storageState: server().state, baseURL: server().url });
    await apply(context, looks);
    const page = await context.newPage();
    const said: string[] = [];
    page.on("console", (m) => m.type() === "error" && said.push(m.text()));
    page.on("pageerror", (e) => said.push(String(e)));
    await page.clock.setFixedTime(demoTime);
    await use(page);
    expect(said, "errors in the browser's console").toEqual([]);
    await context.close();
  },
});

export { expect };

/** What a browser keeps of appearance. */
export interface Looks {
  theme?: "light" | "dark";
  language?: "en" | "zh-CN";
}

async function apply(context: BrowserContext, looks: Looks) {
  await context.addInitScript(
    (kept) => localStorage.setItem("eksposure.looks", kept),
    JSON.stringify({ theme: "light", density: "comfortable", language: "en", ...looks }),
  );
}

/** Expects that axe finds nothing on the page. */
export async function accessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`)).toEqual([]);
}

/** Expects that the page is no wider than its window, and keeps a picture of it. */
export async function picture(page: Page, name: string) {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), "the page scrolls sideways").toBeLessThanOrEqual(0);
  const folder = process.env.UPDATE ? path.resolve(import.meta.dirname, "../../docs/console") : test.info().outputDir;
  await page.screenshot({ path: path.join(folder, `${name}.png`), animations: "disabled" });
}
