import Box from "@cloudscape-design/components/box";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../../api/native";
import { coverageQuery } from "../../parts/fleet";
import { PageLink } from "../../parts/follow";
import { Empty } from "../../parts/problems";
import { useFormats, useText, type Text } from "../../text";
import { useSaid } from "../../text/said-in";
import type { Scope } from "./filters";
import { Widget } from "./widget";

interface Row {
  part: string;
  why: string;
  clusters?: number;
  example: string;
}

function rowsOf(c: Schemas["Coverage"], text: Text, said: (text: string) => string): Row[] {
  const t = text.summary;
  return [
    ...(c.places ?? [])
      .filter((p) => !p.disabled)
      .map((p) => ({ part: [p.account, p.region].filter(Boolean).join(" "), why: t.notListed, example: p.detail })),
    ...(c.sections ?? []).map((s) => ({
      part: t.sections[s.section] ?? s.section,
      why: t.reasons[s.reason] ?? s.reason,
      clusters: s.clusters,
      example: s.example,
    })),
    ...(c.traits ?? []).map((x) => ({ part: said(x.short ?? x.trait), why: t.undecided, clusters: x.clusters, example: x.example })),
  ];
}

/** What could not be evaluated, and why. */
export function Coverage({ scope }: { scope: Scope }) {
  const said = useSaid();
  const text = useText();
  const formats = useFormats();
  const t = text.summary;
  const read = useQuery(coverageQuery);
  return (
    <Widget
      title={t.coverage}
      query={read}
      scope={scope}
      ignores={["account", "region", "severity", "status"]}
      actions={<PageLink href="/clusters?sort=-coverage">{t.incomplete}</PageLink>}
    >
      {(c) => (
        <SpaceBetween size="m">
          <ProgressBar
            value={c.clusters === 0 ? 0 : (100 * c.complete) / c.clusters}
            label={t.read(formats.number(c.complete), formats.number(c.clusters))}
            description={t.places(formats.number(c.accounts), formats.number(c.regions))}
          />
          <Table
            variant="embedded"
            wrapLines
            items={rowsOf(c, text, said)}
            trackBy={(r) => `${r.part} ${r.why}`}
            ariaLabels={{ tableLabel: t.coverage }}
            empty={<Empty title={t.complete} />}
            columnDefinitions={[
              { id: "part", header: t.part, isRowHeader: true, width: 230, cell: (r) => r.part },
              { id: "why", header: t.why, width: 150, cell: (r) => r.why },
              {
                id: "clusters",
                header: t.clusters,
                width: 90,
                cell: (r) => (r.clusters === undefined ? text.common.none : formats.number(r.clusters)),
              },
              {
                id: "example",
                header: text.cluster.what,
                cell: (r) => (
                  <Box variant="small">
                    <span className="anywhere">{said(r.example)}</span>
                  </Box>
                ),
              },
            ]}
          />
        </SpaceBetween>
      )}
    </Widget>
  );
}
