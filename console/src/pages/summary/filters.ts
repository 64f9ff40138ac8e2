import type { Composite, Filters } from "../../api/hub";

/** What all widgets are asked to look at. */
export interface Scope {
  account: string;
  region: string;
  severity: string;
  status: string;
}

/** Reads the shared filters from an address. */
export function scopeOf(params: URLSearchParams): Scope {
  const get = (name: string) => params.get(name) ?? "";
  return { account: get("account"), region: get("region"), severity: get("severity"), status: get("status") };
}

const text = (field: string, values: string[]): Composite => ({
  StringFilters: values.map((Value) => ({ FieldName: field, Filter: { Value, Comparison: "EQUALS" as const } })),
  Operator: "OR",
});

const join = (parts: Composite[]): Filters | undefined =>
  parts.length === 0 ? undefined : { CompositeFilters: parts, CompositeOperator: "AND" };

const open = ["New", "In Progress"];

/** The filters in the language of findings; without a status, what is open. */
export function findingFilters(s: Scope): Filters | undefined {
  return join([
    text("status", s.status ? [s.status] : open),
    ...(s.account ? [text("cloud.account.uid", [s.account])] : []),
    ...(s.region ? [text("cloud.region", [s.region])] : []),
    ...(s.severity ? [text("severity", [s.severity])] : []),
  ]);
}

/** The filters in the language of trends, which has its own names. */
export function trendFilters(s: Scope): Filters | undefined {
  return join([
    ...(s.status ? [text("finding_status", [s.status])] : []),
    ...(s.account ? [text("account_id", [s.account])] : []),
    ...(s.region ? [text("region", [s.region])] : []),
  ]);
}
