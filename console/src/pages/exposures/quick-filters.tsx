import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useFormats, useText } from "../../text";
import { traitField } from "./fields";
import { choose, chosen, type Query } from "./filters";
import { useFacets, useShown } from "./queries";
import { facetFields, severityNames } from "./requests";

interface Facet {
  key: string;
  title: string;
  values: { value: string; count: number }[];
}

/** How many values of one field are shown before more are asked for. */
const shownAtFirst = 6;

const ranks = new Map<string, number>(severityNames.map((s, i) => [s, i]));

interface Props {
  query: Query;
  /** Whether the list that is filtered is there. */
  listed: boolean;
  onChange: (q: Query) => void;
  onHide: () => void;
}

/** The most usual filters, with what each would leave. */
export function QuickFilters({ query, listed, onChange, onHide }: Props) {
  const text = useText();
  const quick = text.exposures.quick;
  const { fields, traits } = useFacets(query, listed);
  const titles = {
    severity: quick.severity,
    status: quick.status,
    "cloud.account.uid": quick.account,
    "cloud.region": quick.region,
    "resources.type": quick.type,
  };
  const facets = facetFields.map((key, i): Facet => {
    const values = (fields?.[i]?.GroupByValues ?? []).map((v) => ({ value: v.FieldValue, count: v.Count }));
    if (key === "severity") {
      values.sort((a, b) => (ranks.get(a.value) ?? 9) - (ranks.get(b.value) ?? 9));
    }
    return { key, title: titles[key], values };
  });
  facets.splice(2, 0, { key: traitField, title: quick.trait, values: (traits ?? []).map((t) => ({ value: t.value, count: t.total })) });
  return (
    <Container
      header={
        <Header variant="h3" actions={<Button variant="icon" iconName="angle-left" ariaLabel={quick.hide} onClick={onHide} />}>
          {quick.title}
        </Header>
      }
    >
      <SpaceBetween size="m">
        {facets.map((f) => (
          <FacetList key={f.key} facet={f} selected={chosen(query, f.key)} onChange={(values) => onChange(choose(query, f.key, values))} />
        ))}
      </SpaceBetween>
    </Container>
  );
}

function FacetList({ facet, selected, onChange }: { facet: Facet; selected: string[]; onChange: (values: string[]) => void }) {
  const text = useText();
  const formats = useFormats();
  const shown = useShown();
  const [all, setAll] = useState(false);
  const missing = selected.filter((s) => !facet.values.some((v) => v.value === s)).map((value) => ({ value, count: 0 }));
  const values = [...facet.values, ...missing];
  const visible = all ? values : values.slice(0, shownAtFirst);
  if (values.length === 0) {
    return undefined;
  }
  return (
    <div role="group" aria-label={facet.title}>
      <Box variant="awsui-key-label">{facet.title}</Box>
      {visible.map(({ value, count }) => {
        const label = shown(facet.key, value);
        return (
          <div className="facet" key={value}>
            <Checkbox
              checked={selected.includes(value)}
              ariaLabel={text.exposures.quick.count(label, formats.number(count))}
              onChange={(e) => onChange(e.detail.checked ? [...selected, value] : selected.filter((s) => s !== value))}
            >
              <span className="facet-value" title={label}>
                {label}
              </span>
            </Checkbox>
            <Box color="text-body-secondary" fontSize="body-s">
              <span aria-hidden="true">{formats.number(count)}</span>
            </Box>
          </div>
        );
      })}
      {values.length > shownAtFirst && (
        <Button variant="inline-link" onClick={() => setAll(!all)}>
          {all ? text.exposures.quick.less : text.exposures.quick.more(formats.number(values.length - shownAtFirst))}
        </Button>
      )}
    </div>
  );
}
