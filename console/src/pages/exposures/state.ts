import { openOnly, type Query } from "./filters";

export const groupings = ["title", "severity", "account", "region", "cluster", "trait", "none"] as const;
export type Grouping = (typeof groupings)[number];

/** What the list shows; all of it is in the address. */
export interface ListState {
  query: Query;
  group: Grouping;
  /** The group that is looked into. */
  within?: string;
  sort: { field: string; descending: boolean };
  /** Which page is shown, from 1. */
  page: number;
  /** The finding in the split panel. */
  finding?: string;
}

/** Where the browser keeps the list's preferences, and whether the quick filters are shown. */
export const listName = "exposures.list";
export const quickName = "exposures.quick";

/** How many findings a page has until somebody chooses. */
export const usualSize = 20;

const usualSort = { field: "severity", descending: true };

/** Reads the state from the address. */
export function read(params: URLSearchParams): ListState {
  const group = params.get("group") as Grouping | null;
  const [field = "", order] = (params.get("sort") ?? "").split(":");
  const state: ListState = {
    query: readQuery(params.get("filter")),
    group: group && groupings.includes(group) ? group : "title",
    sort: field ? { field, descending: order === "desc" } : usualSort,
    page: Math.max(1, Math.floor(Number(params.get("page"))) || 1),
  };
  const within = params.get("within");
  const finding = params.get("finding");
  return { ...state, ...(within === null ? {} : { within }), ...(finding ? { finding } : {}) };
}

function readQuery(text: string | null): Query {
  if (text === null) {
    return openOnly;
  }
  try {
    return { tokens: [], ...(JSON.parse(text) as Omit<Query, "tokens">) };
  } catch {
    return openOnly;
  }
}

/** Writes the state into the address. */
export function write(state: ListState): URLSearchParams {
  const params = new URLSearchParams();
  const { operation, tokenGroups } = state.query;
  const filter = JSON.stringify({ operation, tokenGroups });
  if (filter !== JSON.stringify({ operation: openOnly.operation, tokenGroups: openOnly.tokenGroups })) {
    params.set("filter", filter);
  }
  if (state.group !== "title") {
    params.set("group", state.group);
  }
  if (state.within !== undefined) {
    params.set("within", state.within);
  }
  if (state.sort.field !== usualSort.field || state.sort.descending !== usualSort.descending) {
    params.set("sort", `${state.sort.field}:${state.sort.descending ? "desc" : "asc"}`);
  }
  if (state.page > 1) {
    params.set("page", String(state.page));
  }
  if (state.finding) {
    params.set("finding", state.finding);
  }
  return params;
}

/** The address of the list in some state. */
export function listAddress(state: Partial<ListState>): string {
  const text = write({ query: openOnly, group: "title", sort: usualSort, page: 1, ...state }).toString();
  return `/exposures${text && `?${text}`}`;
}
