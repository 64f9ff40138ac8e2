import { queryOptions } from "@tanstack/react-query";
import { getFindings, getStatistics } from "../../api/hub";
import { getFixSet } from "../../api/inventory";
import { getTrends } from "../../api/trends";
import { findingFilters, trendFilters, type Scope } from "./filters";

const day = 86_400_000;

/** How many findings of each severity there are. */
export const counts = (scope: Scope) =>
  queryOptions({
    queryKey: ["summary", "counts", scope],
    queryFn: ({ signal }) => getStatistics({ GroupByRules: [{ GroupByField: "severity", Filters: findingFilters(scope) }] }, signal),
  });

/** The accounts and regions that have findings. */
export const places = queryOptions({
  queryKey: ["summary", "places"],
  queryFn: ({ signal }) =>
    getStatistics({ GroupByRules: ["cloud.account.uid", "cloud.region"].map((GroupByField) => ({ GroupByField })) }, signal),
  staleTime: 300_000,
});

/** The eight most severe findings. */
export const worst = (scope: Scope) =>
  queryOptions({
    queryKey: ["summary", "worst", scope],
    queryFn: ({ signal }) =>
      getFindings({ Filters: findingFilters(scope), SortCriteria: [{ Field: "severity_id", SortOrder: "desc" }], MaxResults: 8 }, signal),
  });

/** How many were open at the end of each of some days, the last of which ends at a time. */
export function trend(scope: Scope, days: number, end: number) {
  const filters = trendFilters(scope);
  return queryOptions({
    queryKey: ["summary", "trend", days, end, filters],
    queryFn: ({ signal }) => getTrends(new Date(end - days * day), new Date(end), filters, signal),
  });
}

/** How many days the trend shows, by what the address says of it. */
export const daysOf = (range: string | null): number => Math.min(365, Math.max(5, Number(range) || 30));

/** The topics by how many findings they would resolve. */
export function topics(scope: Scope) {
  const asked = { wish: "resolved", account: scope.account, region: scope.region, severity: scope.severity.toLowerCase() };
  return queryOptions({ queryKey: ["summary", "topics", asked], queryFn: ({ signal }) => getFixSet(asked, signal) });
}
