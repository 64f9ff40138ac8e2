import { automations } from "./en/automations";
import { common } from "./en/common";
import { exposure } from "./en/exposure";
import { exposures } from "./en/exposures";
import { fleet } from "./en/fleet";
import { inventory } from "./en/inventory";
import { plans } from "./en/plans";
import { settings } from "./en/settings";
import { shell } from "./en/shell";
import { summary } from "./en/summary";

/** All text of the console in English; other languages have the same keys. */
export const en = {
  ...common,
  ...shell,
  ...summary,
  ...exposures,
  ...exposure,
  ...inventory,
  ...automations,
  ...plans,
  ...fleet,
  ...settings,
};

/** The shape that every language fills. */
export type Text = typeof en;
