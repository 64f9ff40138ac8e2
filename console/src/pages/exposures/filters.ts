import type { PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import type { Composite, Filters, Operator, TextComparison } from "../../api/hub";
import { fieldOf } from "./fields";

export type Query = PropertyFilterProps.Query;
export type Token = PropertyFilterProps.Token;
type Group = PropertyFilterProps.TokenGroup;

/** What the list shows before anybody filters: what is still open. */
export const openOnly: Query = {
  operation: "and",
  tokens: [],
  tokenGroups: [{ propertyKey: "status", operator: "=", value: ["New", "In Progress"] }],
};

const comparisons: Record<string, TextComparison> = {
  "=": "EQUALS",
  "!=": "NOT_EQUALS",
  ":": "CONTAINS",
  "!:": "NOT_CONTAINS",
  "^": "PREFIX",
  "!^": "PREFIX_NOT_EQUALS",
};

const excludes = (operator: string) => operator.startsWith("!");
const joint = (operation: string): Operator => (operation === "or" ? "OR" : "AND");
const valuesOf = (t: Token): string[] => (Array.isArray(t.value) ? t.value : [t.value]).map(String);

/** Writes a query of the filter bar in the API's filter language. */
export function filtersOf(query: Query): Filters | undefined {
  const parts = (query.tokenGroups ?? []).map((t) => partOf(t)).filter((c) => c !== undefined);
  return parts.length === 0
    ? undefined
    : { CompositeFilters: pack(parts, joint(query.operation)), CompositeOperator: joint(query.operation) };
}

/** Reports how the API's limits keep a query from being asked: ten parts side by side. */
export const tooMany = (query: Query): boolean => (filtersOf(query)?.CompositeFilters?.length ?? 0) > 10;

function partOf(t: Token | Group): Composite | undefined {
  if (!("tokens" in t)) {
    return compositeOf(t);
  }
  const parts = t.tokens.map((inner) => ("tokens" in inner ? undefined : compositeOf(inner))).filter((c) => c !== undefined);
  return parts.length === 0 ? undefined : { NestedCompositeFilters: pack(parts, joint(t.operation)), Operator: joint(t.operation) };
}

type Kind = "StringFilters" | "MapFilters" | "NumberFilters" | "DateFilters" | "BooleanFilters";
const kinds: Kind[] = ["StringFilters", "MapFilters", "NumberFilters", "DateFilters", "BooleanFilters"];

/**
 * Puts single comparisons of different fields into one composite. Two of the same
 * field stay apart: within a composite the API asks for one of their values, and
 * the bar may mean both.
 */
function pack(parts: Composite[], operator: Operator): Composite[] {
  const packed: { fields: Set<string>; composite: Composite }[] = [];
  const apart: Composite[] = [];
  for (const part of parts) {
    const field = soleField(part);
    if (field === undefined) {
      apart.push(part);
      continue;
    }
    let place = packed.find((p) => !p.fields.has(field));
    if (!place) {
      packed.push((place = { fields: new Set(), composite: { Operator: operator } }));
    }
    place.fields.add(field);
    for (const kind of kinds) {
      const more = part[kind];
      if (more) {
        place.composite = { ...place.composite, [kind]: [...(place.composite[kind] ?? []), ...more] };
      }
    }
  }
  return [...packed.map((p) => p.composite), ...apart];
}

/** The field that all comparisons of a composite are about, if it is one of text. */
function soleField(c: Composite): string | undefined {
  const names = new Set(kinds.flatMap((kind) => (c[kind] ?? []).map((f) => f.FieldName)));
  return names.size === 1 && !c.NestedCompositeFilters && !c.MapFilters ? [...names][0] : undefined;
}

function compositeOf(t: Token): Composite | undefined {
  const values = valuesOf(t).filter((v) => v.trim() !== "");
  if (values.length === 0) {
    return undefined;
  }
  if (t.propertyKey === undefined) {
    return freeText(values[0] ?? "", excludes(t.operator));
  }
  const name = t.propertyKey;
  switch (fieldOf(name)?.kind) {
    case "number":
      return { NumberFilters: [{ FieldName: name, Filter: { [numeric(t.operator)]: Number(values[0]) } }] };
    case "date":
      return { DateFilters: [{ FieldName: name, Filter: t.operator === ">=" ? { Start: values[0] ?? "" } : { End: values[0] ?? "" } }] };
    case "days": {
      const range = {
        Value: Number(values[0]),
        Unit: "DAYS" as const,
        Comparison: t.operator === "<=" ? ("WITHIN" as const) : ("OLDER_THAN" as const),
      };
      return { DateFilters: [{ FieldName: "finding_info.modified_time_dt", Filter: { DateRange: range } }] };
    }
    case "boolean":
      return { BooleanFilters: [{ FieldName: name, Filter: { Value: (values[0] === "true") !== excludes(t.operator) } }] };
    case "trait":
    case "map":
      return { MapFilters: values.map((v) => mapFilter(name, v, t.operator)), Operator: excludes(t.operator) ? "AND" : "OR" };
    default:
      return {
        StringFilters: values.map((v) => ({ FieldName: name, Filter: { Value: v, Comparison: comparisons[t.operator] ?? "EQUALS" } })),
      };
  }
}

function mapFilter(name: string, value: string, operator: string): NonNullable<Composite["MapFilters"]>[number] {
  const at = value.indexOf("=");
  const [key, rest] = at < 0 ? [value, ""] : [value.slice(0, at), value.slice(at + 1)];
  const comparison: "CONTAINS" | "EQUALS" = operator === ":" || operator === "!:" ? "CONTAINS" : "EQUALS";
  return {
    FieldName: name,
    Filter: { Key: key.trim(), Value: rest.trim(), Comparison: excludes(operator) ? (`NOT_${comparison}` as const) : comparison },
  };
}

/** Text without a field is looked for in titles and in names of resources. */
function freeText(value: string, not: boolean): Composite {
  const Filter = { Value: value, Comparison: not ? ("NOT_CONTAINS" as const) : ("CONTAINS" as const) };
  return {
    StringFilters: ["finding_info.title", "resources.name"].map((FieldName) => ({ FieldName, Filter })),
    Operator: not ? "AND" : "OR",
  };
}

const numeric = (operator: string) => ({ "=": "Eq", ">=": "Gte", "<=": "Lte", ">": "Gt", "<": "Lt" })[operator] ?? "Eq";

/** The values that a query already asks of a field with one equality at its top level. */
export function chosen(query: Query, key: string): string[] {
  const found = (query.tokenGroups ?? []).find((t) => !("tokens" in t) && t.propertyKey === key && t.operator === "=");
  return found && !("tokens" in found) ? valuesOf(found) : [];
}

/** Gives the query with other values of a field; with none the field is not asked about. */
export function choose(query: Query, key: string, values: string[]): Query {
  const others = (query.tokenGroups ?? []).filter((t) => "tokens" in t || t.propertyKey !== key || t.operator !== "=");
  const token = { propertyKey: key, operator: "=" as const, value: values };
  return { ...query, tokenGroups: values.length === 0 ? others : [...others, token] };
}

/** Gives the query with one more condition that holds for all of it. */
export function and(query: Query, key: string, value: string): Query {
  const token = { propertyKey: key, operator: "=" as const, value: [value] };
  const rest = query.tokenGroups ?? [];
  if (query.operation === "and" || rest.length < 2) {
    return { operation: "and", tokens: [], tokenGroups: [...rest, token] };
  }
  return {
    operation: "and",
    tokens: [],
    tokenGroups: [token, { operation: "or", tokens: rest.flatMap((t) => ("tokens" in t ? t.tokens : [t])) }],
  };
}
