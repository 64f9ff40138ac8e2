import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { spaced } from "../../text/spaced";
import type { Finding } from "./queries";

/** The severity's arithmetic, in words and factor by factor. */
export function Arithmetic({ finding }: { finding: Finding }) {
  const said = useSaid();
  const text = useText();
  const formats = useFormats();
  const t = text.arithmetic;
  const a = finding.arithmetic;
  const names = new Map((finding.traits ?? []).map((trait) => [trait.id, said(trait.short)]));
  const level = (name: string) => t.levels[name] ?? name;
  const terms = a.terms ?? [];
  const rows = Object.keys(t.factors).map(
    (factor) => terms.find((term) => term.factor === factor) ?? { factor, value: 0, trait: "", why: t.noFactor },
  );
  return (
    <Container header={<Header variant="h2">{t.title}</Header>}>
      <SpaceBetween size="s">
        <Box variant="p">
          {spaced(
            [
              t.words(formats.number(a.sum), level(a.likelihood), level(a.impact), text.severities[a.severity] ?? a.severity),
              ...(a.impact === "Unknown" ? [t.impactUnknown] : []),
            ].join(" "),
          )}
        </Box>
        <Table
          variant="embedded"
          items={rows}
          trackBy="factor"
          wrapLines
          columnDefinitions={[
            { id: "factor", header: t.factor, cell: (r) => t.factors[r.factor] ?? r.factor, isRowHeader: true, width: 200 },
            { id: "value", header: t.value, cell: (r) => <Steps value={r.value} />, width: 150 },
            { id: "trait", header: t.trait, cell: (r) => names.get(r.trait ?? "") ?? text.common.none, width: 220 },
            { id: "why", header: t.why, cell: (r) => said(r.why) },
          ]}
          ariaLabels={{ tableLabel: t.title }}
        />
      </SpaceBetween>
    </Container>
  );
}

/** A value of 0 to 3, also as filled steps. */
function Steps({ value }: { value: number }) {
  return (
    <span className="steps">
      {value}
      {[1, 2, 3].map((n) => (
        <span key={n} aria-hidden="true" className={n <= value ? "step step-on" : "step"} />
      ))}
    </span>
  );
}
