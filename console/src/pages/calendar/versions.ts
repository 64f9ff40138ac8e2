import type { ClusterRef } from "../../api/inventory";
import type { Schemas } from "../../api/native";

/** One version over all regions, with the first clusters that run it. */
export interface Version {
  support: Schemas["InventoryVersionSupport"];
  clusters: ClusterRef[];
  /** How many run it. */
  count: number;
  monthly: number;
  extra: number;
}

const minor = (version: string) => Number(version.split(".")[1] ?? 0);

/** Joins the calendars of all regions, which have the same dates, newest version first. */
export function versionsOf(v: Schemas["Versions"]): Version[] {
  const rows = new Map<string, Version>();
  for (const region of v.regions ?? []) {
    for (const row of region.versions ?? []) {
      const known = rows.get(row.version) ?? { support: row, clusters: [], count: 0, monthly: 0, extra: 0 };
      known.count += row.clusters;
      known.clusters.push(...(row.first ?? []));
      known.monthly += row.cost.monthly_usd;
      known.extra += row.cost.extra_usd;
      rows.set(row.version, known);
    }
  }
  return [...rows.values()].sort((a, b) => minor(b.support.version) - minor(a.support.version));
}
