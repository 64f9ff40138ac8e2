import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import Autosuggest from "@cloudscape-design/components/autosuggest";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { getStatistics } from "../../api/hub";
import { useFormats, useText } from "../../text";
import { blank, comparisons, fields, maxConditions, type Condition, type Conditions } from "../automations/conditions";

/** Conditions line by line. */
export function Builder({ conditions, onChange }: { conditions: Conditions; onChange: (c: Conditions) => void }) {
  const text = useText().rule;
  const formats = useFormats();
  const { list, operator } = conditions;
  const set = (i: number, change: Partial<Condition>) =>
    onChange({ operator, list: list.map((c, n) => (n === i ? { ...c, ...change } : c)) });
  const operators = [
    { value: "AND", label: text.all },
    { value: "OR", label: text.any },
  ];
  return (
    <SpaceBetween size="m">
      <FormField label={text.match}>
        <Select
          options={operators}
          selectedOption={operators.find((o) => o.value === operator) ?? null}
          onChange={(e) => onChange({ operator: e.detail.selectedOption.value === "OR" ? "OR" : "AND", list })}
        />
      </FormField>
      <AttributeEditor<Condition>
        items={list}
        disableAddButton={list.length >= maxConditions}
        additionalInfo={list.length >= maxConditions ? text.most : undefined}
        addButtonText={text.add}
        removeButtonText={text.removeText}
        removeButtonAriaLabel={(c) => text.remove(formats.number(list.indexOf(c) + 1))}
        onAddButtonClick={() => onChange({ operator, list: [...list, blank] })}
        onRemoveButtonClick={(e) => onChange({ operator, list: list.filter((_, i) => i !== e.detail.itemIndex) })}
        empty={text.noConditions}
        definition={[
          {
            label: text.field,
            control: (c, i) => <Field value={c.field} onChange={(field) => set(i, { field, comparison: "EQUALS", value: "" })} />,
          },
          { label: text.comparison, control: (c, i) => <Comparison condition={c} onChange={(comparison) => set(i, { comparison })} /> },
          { label: text.value, control: (c, i) => <Value condition={c} onChange={(value) => set(i, { value })} /> },
        ]}
      />
    </SpaceBetween>
  );
}

function Field({ value, onChange }: { value: string; onChange: (field: string) => void }) {
  const text = useText().rule;
  const options = Object.keys(fields).map((f) => ({ value: f, label: text.fieldNames[f] ?? f }));
  return (
    <Select
      options={options}
      selectedOption={options.find((o) => o.value === value) ?? { value }}
      onChange={(e) => onChange(e.detail.selectedOption.value ?? "")}
      filteringType="auto"
      expandToViewport
    />
  );
}

function Comparison({ condition, onChange }: { condition: Condition; onChange: (c: Condition["comparison"]) => void }) {
  const text = useText().rule;
  const options = comparisons[fields[condition.field] ?? "text"].map((value) => ({ value, label: text.comparisons[value] ?? value }));
  const selected = options.find((o) => o.value === condition.comparison) ?? null;
  return (
    <Select
      options={options}
      selectedOption={selected}
      onChange={(e) => onChange(e.detail.selectedOption.value as Condition["comparison"])}
      expandToViewport
    />
  );
}

const unlisted = new Set(["vulnerabilities.cve.uid"]);

function Value({ condition, onChange }: { condition: Condition; onChange: (value: string) => void }) {
  const text = useText();
  const kind = fields[condition.field] ?? "text";
  const known = useQuery({
    queryKey: ["field-values", condition.field],
    queryFn: ({ signal }) => getStatistics({ GroupByRules: [{ GroupByField: condition.field }], MaxStatisticResults: 100 }, signal),
    enabled: kind === "text" && !unlisted.has(condition.field),
    staleTime: 60_000,
  });
  if (kind === "boolean") {
    const options = [
      { value: "true", label: text.common.yes },
      { value: "false", label: text.common.no },
    ];
    return (
      <Select
        options={options}
        selectedOption={options.find((o) => o.value === condition.value) ?? null}
        onChange={(e) => onChange(e.detail.selectedOption.value ?? "")}
        expandToViewport
      />
    );
  }
  if (kind === "tag" || unlisted.has(condition.field)) {
    return (
      <Input
        value={condition.value}
        placeholder={kind === "tag" ? text.rule.tagHint : "CVE-…"}
        onChange={(e) => onChange(e.detail.value)}
      />
    );
  }
  return (
    <Autosuggest
      value={condition.value}
      options={(known.data?.GroupByResults[0]?.GroupByValues ?? []).map((v) => ({ value: v.FieldValue }))}
      onChange={(e) => onChange(e.detail.value)}
      enteredTextLabel={(value) => value}
      expandToViewport
    />
  );
}
