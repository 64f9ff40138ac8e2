import { common } from "./en/common";
import { shell } from "./en/shell";

/** All text of the console in English; other languages have the same keys. */
export const en = { ...common, ...shell };

/** The shape that every language fills. */
export type Text = typeof en;
