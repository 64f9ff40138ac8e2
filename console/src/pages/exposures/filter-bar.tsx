import PropertyFilter, { type PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import Input from "@cloudscape-design/components/input";
import FormField from "@cloudscape-design/components/form-field";
import { lazy, Suspense, useMemo, useRef, useState } from "react";
import { getStatistics } from "../../api/hub";
import { useText, type Text } from "../../text";
import { fieldOf, fields, traitField, type Field } from "./fields";
import type { Query } from "./filters";
import { SavedSets } from "./saved-sets";
import { useShown, useTraitNames } from "./queries";

// Few filter by days, and calendars are large.
const DateInput = lazy(() => import("@cloudscape-design/components/date-input"));

type Shown = ReturnType<typeof useShown>;
type Options = PropertyFilterProps.FilteringOption[];

const textOperators: PropertyFilterProps.ComparisonOperator[] = [":", "!:", "^", "!^"];

/** Filters by the API's fields and operators; what it holds is the list's address. */
export function FilterBar({ query, onChange, count }: { query: Query; onChange: (q: Query) => void; count: string }) {
  const text = useText();
  const shown = useShown();
  const { options, status, load } = useSuggestions(shown, text);
  const properties = useMemo(() => fields.map((f) => propertyOf(f, text, shown)), [text, shown]);
  return (
    <PropertyFilter
      query={query}
      enableTokenGroups
      expandToViewport
      filteringProperties={properties}
      filteringOptions={options}
      filteringStatusType={status}
      onLoadItems={(e) => load(e.detail.filteringProperty?.key)}
      onChange={(e) => onChange({ tokens: [], operation: e.detail.operation, tokenGroups: e.detail.tokenGroups ?? [] })}
      filteringAriaLabel={text.exposures.filter.label}
      filteringPlaceholder={text.exposures.filter.placeholder}
      filteringEmpty={text.exposures.filter.empty}
      filteringLoadingText={text.exposures.filter.loading}
      filteringErrorText={text.exposures.filter.error}
      filteringRecoveryText={text.common.retry}
      countText={count}
      customFilterActions={<SavedSets query={query} onChoose={onChange} />}
      tokenLimit={4}
    />
  );
}

function propertyOf(f: Field, text: Text, shown: Shown): PropertyFilterProps.FilteringProperty {
  const label = f.label(text);
  const property = {
    key: f.key,
    propertyLabel: label,
    groupValuesLabel: text.exposures.fieldValues(label),
    group: f.group,
  };
  switch (f.kind) {
    case "number":
      return {
        ...property,
        defaultOperator: ">=",
        operators: ["=", ">=", "<=", ">", "<"].map((o) => ({ operator: o as ">=", form: NumberForm })),
      };
    case "days":
      return { ...property, defaultOperator: "<=", operators: ["<=", ">"].map((o) => ({ operator: o as ">", form: NumberForm })) };
    case "date":
      return { ...property, defaultOperator: ">=", operators: [">=", "<="].map((o) => ({ operator: o as ">=", form: DateForm })) };
    case "boolean":
      return { ...property, operators: ["="] };
    case "trait":
      return { ...property, operators: lists(f, shown), defaultOperator: "=" };
    case "map":
      return { ...property, operators: ["=", "!=", ":", "!:"] };
    case "text":
      return {
        ...property,
        operators: [...(f.suggested ? lists(f, shown) : (["=", "!="] as const)), ...textOperators],
        defaultOperator: f.suggested ? "=" : ":",
      };
  }
}

/** Equality takes several values at once: any of them. */
function lists(f: Field, shown: Shown) {
  const format = (value: unknown) => (Array.isArray(value) ? value : [value]).map((v) => shown(f.key, String(v))).join(", ");
  return (["=", "!="] as const).map((operator) => ({ operator, tokenType: "enum" as const, format }));
}

function NumberForm({ value, onChange }: PropertyFilterProps.ExtendedOperatorFormProps<string>) {
  return (
    <FormField>
      <Input type="number" inputMode="decimal" value={value ?? ""} onChange={(e) => onChange(e.detail.value)} />
    </FormField>
  );
}

function DateForm({ value, onChange }: PropertyFilterProps.ExtendedOperatorFormProps<string>) {
  const text = useText();
  return (
    <FormField constraintText={text.exposures.filter.dateHint}>
      <Suspense>
        <DateInput format="iso" value={value ?? ""} onChange={(e) => onChange(e.detail.value)} placeholder="YYYY-MM-DD" />
      </Suspense>
    </FormField>
  );
}

/** The values of the field that is being filtered by, read when they are wanted. */
function useSuggestions(shown: Shown, text: Text) {
  const traits = useTraitNames();
  const [found, setFound] = useState<Options>([]);
  const [status, setStatus] = useState<PropertyFilterProps.StatusType>("finished");
  const asked = useRef(new Set<string>());
  const load = (key: string | undefined) => {
    if (!key || asked.current.has(key) || !fieldOf(key)?.suggested) {
      return;
    }
    asked.current.add(key);
    setStatus("loading");
    getStatistics({ GroupByRules: [{ GroupByField: key }] }).then(
      (answer) => {
        const values = answer.GroupByResults[0]?.GroupByValues ?? [];
        setFound((old) => [...old, ...values.map((v) => ({ propertyKey: key, value: v.FieldValue, label: shown(key, v.FieldValue) }))]);
        setStatus("finished");
      },
      () => {
        asked.current.delete(key);
        setStatus("error");
      },
    );
  };
  const options = useMemo(() => {
    const ofTraits = (traits ?? []).map((t) => ({ propertyKey: traitField, value: t.value, label: t.label }));
    const yesNo = fields
      .filter((f) => f.kind === "boolean")
      .flatMap((f) => [
        { propertyKey: f.key, value: "true", label: text.common.yes },
        { propertyKey: f.key, value: "false", label: text.common.no },
      ]);
    return [...ofTraits, ...yesNo, ...found];
  }, [traits, found, text]);
  return { options, status, load };
}
