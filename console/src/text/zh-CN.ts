import type { Text } from "./en";
import { common } from "./zh-CN/common";
import { shell } from "./zh-CN/shell";

/** All text of the console in simplified Chinese. */
export const zhCN: Text = { ...common, ...shell };
