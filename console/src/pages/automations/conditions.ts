import type { Composite, Filters, MapComparison, Operator, TextComparison } from "../../api/hub";

export type Kind = "text" | "tag" | "boolean";

/** The fields that the builder offers; criteria in full may name any other. */
export const fields: Record<string, Kind> = {
  severity: "text",
  status: "text",
  "cloud.account.uid": "text",
  "cloud.account.name": "text",
  "cloud.region": "text",
  "finding_info.title": "text",
  "finding_info.related_events.traits.category": "text",
  likelihood: "text",
  impact: "text",
  "resources.name": "text",
  "resources.type": "text",
  "resources.tags": "tag",
  "vulnerabilities.cve.uid": "text",
  "vulnerabilities.affected_packages.name": "text",
  "vulnerabilities.is_exploit_available": "boolean",
  "vulnerabilities.is_fix_available": "boolean",
};

/** How a field of each kind is compared. */
export const comparisons: Record<Kind, TextComparison[]> = {
  text: ["EQUALS", "NOT_EQUALS", "PREFIX", "PREFIX_NOT_EQUALS", "CONTAINS", "NOT_CONTAINS"],
  tag: ["EQUALS", "NOT_EQUALS", "CONTAINS", "NOT_CONTAINS"],
  boolean: ["EQUALS"],
};

/** The API takes at most this many side by side. */
export const maxConditions = 10;

/** One line of the builder. */
export interface Condition {
  field: string;
  comparison: TextComparison;
  value: string;
}

/** What the builder holds. */
export interface Conditions {
  operator: Operator;
  list: Condition[];
}

/** Writes the builder's lines in the API's filter language, leaving out those that are not filled. */
export function filtersOf({ operator, list }: Conditions): Filters {
  return { CompositeOperator: operator, CompositeFilters: list.filter((c) => c.value.trim() !== "").map(compositeOf) };
}

function compositeOf({ field, comparison, value }: Condition): Composite {
  switch (fields[field]) {
    case "boolean":
      return { BooleanFilters: [{ FieldName: field, Filter: { Value: value === "true" } }] };
    case "tag": {
      const [key = "", ...rest] = value.split("=");
      return {
        MapFilters: [
          { FieldName: field, Filter: { Key: key.trim(), Value: rest.join("=").trim(), Comparison: comparison as MapComparison } },
        ],
      };
    }
    default:
      return { StringFilters: [{ FieldName: field, Filter: { Value: value.trim(), Comparison: comparison } }] };
  }
}

/** Reads filters into the builder; undefined when they say more than it can show. */
export function conditionsOf(f: Filters): Conditions | undefined {
  const list: Condition[] = [];
  for (const c of f.CompositeFilters ?? []) {
    const { StringFilters = [], MapFilters = [], BooleanFilters = [], ...others } = c;
    const found: Condition[] = [
      ...StringFilters.map((s) => ({ field: s.FieldName, comparison: s.Filter.Comparison, value: s.Filter.Value })),
      ...MapFilters.map((m) => ({ field: m.FieldName, comparison: m.Filter.Comparison, value: `${m.Filter.Key}=${m.Filter.Value}` })),
      ...BooleanFilters.map((b) => ({ field: b.FieldName, comparison: "EQUALS" as const, value: String(b.Filter.Value) })),
    ];
    const filled = Object.values(others).some((v) => Array.isArray(v) && v.length > 0);
    const [one] = found;
    if (filled || found.length !== 1 || !one || !fields[one.field]) {
      return undefined;
    }
    list.push(one);
  }
  return list.length > maxConditions ? undefined : { operator: f.CompositeOperator ?? "AND", list };
}

/** What a new rule begins with. */
export const blank: Condition = { field: "severity", comparison: "EQUALS", value: "" };
