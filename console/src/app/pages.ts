import type { QueryClient } from "@tanstack/react-query";
import type { ComponentType } from "react";
import { clusterPage } from "../pages/clusters/requests";
import { first as firstExposure } from "../pages/exposure/first";
import { first as firstExposures } from "../pages/exposures/first";
import { imagePage } from "../pages/images/requests";
import { first as firstSummary } from "../pages/summary/first";
import { vulnerabilityPage } from "../pages/vulnerabilities/requests";
import { placesQuery, versionsQuery } from "../parts/fleet";
import type { Text } from "../text";

/** One page: where it is, how it is loaded, and its place in the navigation. */
export interface PageEntry {
  path: string;
  load: () => Promise<{ default: ComponentType }>;
  /** Asks for what the page shows first; it is called before the page is loaded. */
  first?: (client: QueryClient, url: URL) => Promise<unknown>[];
  nav?: { section: "prioritize" | "inventory" | "manage"; label: (text: Text) => string };
}

/** All pages, in the order of the navigation. Those without `nav` are reached from others. */
export const pages: PageEntry[] = [
  {
    path: "/summary",
    load: () => import("../pages/summary"),
    first: firstSummary,
    nav: { section: "prioritize", label: (t) => t.nav.summary },
  },
  {
    path: "/exposures",
    load: () => import("../pages/exposures"),
    first: firstExposures,
    nav: { section: "prioritize", label: (t) => t.nav.exposures },
  },
  { path: "/exposures/:id", load: () => import("../pages/exposure"), first: firstExposure },
  {
    path: "/vulnerabilities",
    load: () => import("../pages/vulnerabilities"),
    first: (client, url) => [client.query(vulnerabilityPage(url.searchParams))],
    nav: { section: "prioritize", label: (t) => t.nav.vulnerabilities },
  },
  { path: "/vulnerabilities/:id", load: () => import("../pages/vulnerability") },
  {
    path: "/clusters",
    load: () => import("../pages/clusters"),
    first: (client, url) => [client.query(clusterPage(url.searchParams)), client.query(placesQuery)],
    nav: { section: "inventory", label: (t) => t.nav.clusters },
  },
  { path: "/clusters/:account/:region/:name", load: () => import("../pages/cluster") },
  {
    path: "/images",
    load: () => import("../pages/images"),
    first: (client, url) => [client.query(imagePage(url.searchParams))],
    nav: { section: "inventory", label: (t) => t.nav.images },
  },
  { path: "/images/:digest", load: () => import("../pages/image") },
  {
    path: "/calendar",
    load: () => import("../pages/calendar"),
    first: (client) => [client.query(versionsQuery)],
    nav: { section: "inventory", label: (t) => t.nav.calendar },
  },
  { path: "/remediation", load: () => import("../pages/remediation"), nav: { section: "manage", label: (t) => t.nav.remediation } },
  { path: "/remediation/fleet/new", load: () => import("../pages/new-fleet-plan") },
  { path: "/remediation/fleet/:id", load: () => import("../pages/fleet-plan") },
  { path: "/remediation/:id", load: () => import("../pages/plan") },
  { path: "/automations", load: () => import("../pages/automations"), nav: { section: "manage", label: (t) => t.nav.automations } },
  { path: "/automations/new", load: () => import("../pages/rule") },
  { path: "/automations/:id", load: () => import("../pages/rule") },
  { path: "/settings", load: () => import("../pages/settings"), nav: { section: "manage", label: (t) => t.nav.settings } },
];

/** Where "/" leads. */
export const home = "/summary";

/** Finds the page of an address. */
export function pageAt(path: string): PageEntry | undefined {
  const at = path === "/" ? home : path.replace(/\/$/, "");
  return pages.find((p) => new RegExp(`^${p.path.replace(/:\w+/g, "[^/]+")}$`).test(at));
}
