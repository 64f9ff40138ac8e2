import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { getFindings, getStatistics, type Filters, type GroupCounts } from "../../api/hub";
import type { Schemas } from "../../api/native";
import { traitField } from "./fields";
import { and, choose, filtersOf, type Query } from "./filters";
import type { ListState } from "./state";

/** All that is read of findings has this first in its key, so that a change can renew it. */
export const findingsKey = "findings";

export const severityNames = ["Critical", "High", "Medium", "Low"] as const;

/** At most this many rules fit into one request for statistics. */
const rulesAtOnce = 5;

/** What the API's map filter wants of a trait, TYPE=TITLE, and its name for people. */
export interface TraitName {
  value: string;
  label: string;
}

/** All traits by title. Those of the endpoint share one, and so cannot be told apart by filters. */
export function namesOf(traits: Schemas["Traits"]): TraitName[] {
  const names = new Map<string, string>();
  for (const i of traits.items ?? []) {
    const value = `${i.type}=${i.title}`;
    const others = names.get(value);
    names.set(value, others === undefined ? i.short : `${others} / ${i.short}`);
  }
  return [...names].map(([value, label]) => ({ value, label }));
}

/** Pages of findings, in the order and with the filters of the state. */
export function findingPages(state: ListState, size: number) {
  const filters = filtersOf(queryWithin(state));
  return infiniteQueryOptions({
    queryKey: [findingsKey, "pages", filters, state.sort, size],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      getFindings({ Filters: filters, SortCriteria: orderOf(state), MaxResults: size, NextToken: pageParam }, signal),
    getNextPageParam: (last) => last.NextToken,
  });
}

/** The order of a state: what is equally severe is newest first. */
export function orderOf({ sort }: ListState) {
  const order = (descending: boolean) => (descending ? ("desc" as const) : ("asc" as const));
  const criteria = [{ Field: sort.field, SortOrder: order(sort.descending) }];
  return sort.field === "finding_info.modified_time_dt"
    ? criteria
    : [...criteria, { Field: "finding_info.modified_time_dt", SortOrder: order(true) }];
}

/** The field of a grouping that statistics know. */
export const groupFields: Partial<Record<ListState["group"], string>> = {
  title: "finding_info.title",
  severity: "severity",
  account: "cloud.account.uid",
  region: "cloud.region",
  trait: traitField,
};

/** The query with the group that is looked into. */
export function queryWithin(state: ListState): Query {
  const field = groupFields[state.group];
  return state.within === undefined || !field ? state.query : and(state.query, field, state.within);
}

/** One group, with how many findings of each severity it has. */
export interface GroupRow {
  value: string;
  total: number;
  counts: Record<string, number>;
}

/** The groups of the state with their counts by severity; those of traits need the traits' names. */
export function groupRows(state: ListState, traits: TraitName[] = []) {
  const field = groupFields[state.group];
  return queryOptions({
    queryKey: [findingsKey, "groups", filtersOf(state.query), state.group],
    queryFn: async ({ signal }): Promise<GroupRow[]> => {
      if (field === traitField) {
        return traitRows(state.query, traits, signal);
      }
      const rules = [
        { GroupByField: field ?? "", Filters: filtersOf(state.query) },
        ...severityNames.map((s) => ({ GroupByField: field ?? "", Filters: filtersOf(and(state.query, "severity", s)) })),
      ];
      const [all, ...bySeverity] = (await getStatistics({ GroupByRules: rules }, signal)).GroupByResults;
      return joined(all, bySeverity);
    },
  });
}

function joined(all: GroupCounts | undefined, bySeverity: GroupCounts[]): GroupRow[] {
  const rows = new Map<string, GroupRow>(
    (all?.GroupByValues ?? []).map((v) => [v.FieldValue, { value: v.FieldValue, total: v.Count, counts: {} }]),
  );
  bySeverity.forEach((group, i) => {
    for (const v of group.GroupByValues) {
      const row = rows.get(v.FieldValue);
      const severity = severityNames[i];
      if (row && severity) {
        row.counts[severity] = v.Count;
      }
    }
  });
  return [...rows.values()].sort(moreSevere);
}

/** How many findings the state has in all. */
export function totalOf(state: ListState) {
  const filters = filtersOf(queryWithin(state));
  return queryOptions({
    queryKey: [findingsKey, "total", filters],
    queryFn: async ({ signal }) => {
      const answer = await getStatistics({ GroupByRules: [{ GroupByField: "severity", Filters: filters }] }, signal);
      return answer.GroupByResults[0]?.GroupByValues.reduce((sum, v) => sum + v.Count, 0) ?? 0;
    },
  });
}

/** Orders groups by what is worst in them. */
export function moreSevere(a: GroupRow, b: GroupRow): number {
  for (const s of severityNames) {
    const difference = (b.counts[s] ?? 0) - (a.counts[s] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return b.total - a.total;
}

/** Statistics cannot be grouped by traits, so each trait is asked for by itself, five at once. */
async function traitRows(query: Query, traits: TraitName[], signal: AbortSignal): Promise<GroupRow[]> {
  const parts = Array.from({ length: Math.ceil(traits.length / rulesAtOnce) }, (_, i) =>
    traits.slice(i * rulesAtOnce, (i + 1) * rulesAtOnce),
  );
  const answers = await Promise.all(
    parts.map((part) =>
      getStatistics(
        { GroupByRules: part.map((t) => ({ GroupByField: "severity", Filters: filtersOf(and(query, traitField, t.value)) })) },
        signal,
      ),
    ),
  );
  const results = answers.flatMap((a) => a.GroupByResults);
  return traits
    .map((t, i) => {
      const counts = Object.fromEntries((results[i]?.GroupByValues ?? []).map((v) => [v.FieldValue, v.Count]));
      return { value: t.value, counts, total: Object.values(counts).reduce((sum, n) => sum + n, 0) };
    })
    .filter((row) => row.total > 0)
    .sort(moreSevere);
}

/** The fields of the quick filters, in one request. */
export const facetFields = ["severity", "status", "cloud.account.uid", "cloud.region", "resources.type"] as const;

/** The values of the quick filters, each counted as if its own field were not filtered. */
export function facetCounts(query: Query) {
  const rules = facetFields.map((f): { GroupByField: string; Filters: Filters | undefined } => ({
    GroupByField: f,
    Filters: filtersOf(choose(query, f, [])),
  }));
  return queryOptions({
    queryKey: [findingsKey, "facets", rules],
    queryFn: async ({ signal }) => (await getStatistics({ GroupByRules: rules }, signal)).GroupByResults,
  });
}

/** The traits of the quick filters, counted as if no trait were filtered. */
export function traitCounts(query: Query, traits: TraitName[] = []) {
  const withoutTrait = choose(query, traitField, []);
  return queryOptions({
    queryKey: [findingsKey, "facets", "trait", filtersOf(withoutTrait)],
    queryFn: ({ signal }) => traitRows(withoutTrait, traits, signal),
  });
}
