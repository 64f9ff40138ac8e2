import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import type { Schemas } from "../../api/native";
import { useText } from "../../text";
import { useSaid } from "../../text/said-in";

type Evidence = Schemas["ExposureEvidence"];

/** A workload as kubectl names it. */
export const workloadName = (w: Schemas["InventoryWorkloadRef"]): string => `${w.namespace}/${w.kind}/${w.name}`;

/** Where a trait was seen, each with the very values that were compared. */
export function EvidenceList({ evidence }: { evidence: Evidence[] }) {
  return (
    <SpaceBetween size="l">
      {evidence.map((e, i) => (
        <One key={`${e.resource.uid} ${e.variant} ${i}`} evidence={e} />
      ))}
    </SpaceBetween>
  );
}

function One({ evidence }: { evidence: Evidence }) {
  const said = useSaid();
  const text = useText();
  const t = text.traits;
  const facts = evidence.facts ?? [];
  return (
    <SpaceBetween size="xs">
      <Box>{said(evidence.summary)}</Box>
      <Box color="text-body-secondary" fontSize="body-s">
        {t.resource}: {evidence.resource.name} ({text.path.types[evidence.resource.type] ?? evidence.resource.type})
        {evidence.workloads && evidence.workloads.length > 0 && ` · ${t.workloads}: ${evidence.workloads.map(workloadName).join(", ")}`}
      </Box>
      {facts.length > 0 && (
        <Table
          variant="embedded"
          contentDensity="compact"
          wrapLines
          items={facts}
          trackBy="name"
          columnDefinitions={[
            { id: "name", header: t.fact, cell: (f) => said(f.name), isRowHeader: true, width: 220 },
            { id: "value", header: t.value, cell: (f) => <span className="anywhere">{said(f.value)}</span> },
            { id: "limit", header: t.limit, cell: (f) => (f.limit ? said(f.limit) : text.common.none), width: 260 },
          ]}
          ariaLabels={{ tableLabel: `${t.evidence}: ${evidence.resource.name}` }}
        />
      )}
    </SpaceBetween>
  );
}
