import type { ComponentType } from "react";
import type { Text } from "../text";

/** One page: where it is, how it is loaded, and its place in the navigation. */
export interface PageEntry {
  path: string;
  load: () => Promise<{ default: ComponentType }>;
  nav?: { section: "prioritize" | "inventory" | "manage"; label: (text: Text) => string };
}

/** All pages, in the order of the navigation. Those without `nav` are reached from others. */
export const pages: PageEntry[] = [
  {
    path: "/exposures",
    load: () => import("../pages/exposures"),
    nav: { section: "prioritize", label: (t) => t.nav.exposures },
  },
  { path: "/exposures/:id", load: () => import("../pages/exposure") },
];

/** Where "/" leads. */
export const home = "/exposures";
