import AxeBuilder from "@axe-core/playwright";
import { type ConsoleMessage, expect, type Locator, test as base, type Page } from "@playwright/test";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { server } from "./server";

/** The day on which the demo's estate stands still, an hour after its scan. */
export const demoTime = new Date("2026-11-24T13:00:00Z");

const shots = process.env.UPDATE
  ? path.resolve(import.meta.dirname, "../../docs/console")
  : path.resolve(import.meta.dirname, "../node_modules/.cache/screenshots");

/**
 * A browser that is signed in, at the demo's time. What a page writes to the
 * browser's console as an error fails the test: so does what the policy refuses.
 */
export const test = base.extend<{ refused: string }>({
  /** Part of the address of a request that the server is to refuse, which browsers tell as an error. */
  refused: ["", { option: true }],
  baseURL: async ({}, use) => use(server().url),
  storageState: async ({}, use) => use(server().state),
  page: async ({ page, refused }, use) => {
    const errors: string[] = [];
    const expected = (m: ConsoleMessage) => refused !== "" && m.text().startsWith("Failed to load") && m.location().url.endsWith(refused);
    page.on("console", (m) => m.type() === "error" && !expected(m) && errors.push(`${m.text()} ${m.location().url}`));
    page.on("pageerror", (e) => errors.push(e.message));
    await page.clock.setFixedTime(demoTime);
    await use(page);
    expect(errors, "errors in the browser's console").toEqual([]);
  },
});

/** Expects that axe finds nothing wrong, and that the page does not scroll sideways. In dark mode nothing but colours is another. */
async function accessible(page: Page, mode: "light" | "dark") {
  const axe = new AxeBuilder({ page });
  const found = await (mode === "dark" ? axe.withRules(["color-contrast"]) : axe).analyze();
  expect(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`)).toEqual([]);
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect(content, "the page scrolls sideways").toBeLessThanOrEqual(window);
}

/** Expects of the page that it is accessible in light and dark, and keeps what it looks like in both where it has a name. */
export async function inBothModes(page: Page, name?: string) {
  for (const mode of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: mode, reducedMotion: "reduce" });
    await expect(page.locator("body.awsui-dark-mode")).toHaveCount(mode === "dark" ? 1 : 0);
    await accessible(page, mode);
    if (name) {
      await keep(page, `${name}-${mode}`);
    }
  }
}

/** Keeps what the page looks like: in docs/console with UPDATE=1. */
export async function keep(page: Page, name: string) {
  await mkdir(shots, { recursive: true });
  await page.screenshot({ path: path.join(shots, `${name}.png`), animations: "disabled" });
}

/** Presses Tab until something has the focus; within a part of the page, where that is given. */
export async function tabTo(within: Page | Locator, name: string | RegExp, role: Parameters<Page["getByRole"]>[0], most = 80) {
  const page = "keyboard" in within ? within : within.page();
  const wanted = within.getByRole(role, { name }).first();
  for (let i = 0; i < most; i++) {
    if (await wanted.evaluate((e) => e === document.activeElement)) {
      return;
    }
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never reached ${String(name)}`);
}

export { expect };
