import type { Text } from "./en";
import { automations } from "./zh-CN/automations";
import { common } from "./zh-CN/common";
import { exposure } from "./zh-CN/exposure";
import { exposures } from "./zh-CN/exposures";
import { fleet } from "./zh-CN/fleet";
import { inventory } from "./zh-CN/inventory";
import { plans } from "./zh-CN/plans";
import { settings } from "./zh-CN/settings";
import { shell } from "./zh-CN/shell";
import { summary } from "./zh-CN/summary";

/** All text of the console in simplified Chinese. */
export const zhCN: Text = {
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
