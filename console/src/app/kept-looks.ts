import { readLocal } from "../parts/local";

export type Theme = "system" | "light" | "dark";
export type Language = "en" | "zh-CN";

/** How the console looks, and in which language it speaks. */
export interface Looks {
  theme: Theme;
  density: "comfortable" | "compact";
  language: Language;
}

/** The name under which the browser keeps them. */
export const looksName = "looks";

/** Reads what the browser keeps of them. */
export function keptLooks(): Looks {
  const usual: Looks = { theme: "system", density: "comfortable", language: navigator.language.startsWith("zh") ? "zh-CN" : "en" };
  return { ...usual, ...readLocal<Partial<Looks>>(looksName, {}) };
}
