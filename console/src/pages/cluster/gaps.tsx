import Box from "@cloudscape-design/components/box";
import type { Cluster } from "../../api/inventory";
import { ListTable } from "../../parts/list-table";
import { useTopicName } from "../../parts/plans";
import { useText } from "../../text";
import { useSaid } from "../../text/said-in";

interface Row {
  part: string;
  subject: string;
  reason: string;
  detail: string;
}

/** What of a cluster could not be read or decided, and why. */
export function Gaps({ cluster }: { cluster: Cluster }) {
  const said = useSaid();
  const text = useText();
  const t = text.cluster;
  const { sections, reasons } = text.summary;
  const name = useTopicName();
  const rows: Row[] = [
    ...(cluster.gaps ?? []).map((g) => ({
      part: sections[g.section] ?? g.section,
      subject: g.subject ?? "",
      reason: reasons[g.reason] ?? g.reason,
      detail: g.detail,
    })),
    ...(cluster.unknown ?? []).flatMap((u) =>
      (u.reasons ?? [""]).map((detail) => ({ part: name(u.trait), subject: "", reason: t.trait, detail })),
    ),
  ];
  return (
    <ListTable<Row>
      title={t.coverage}
      items={rows}
      sort="part"
      search={(r) => Object.values(r).join(" ")}
      searchLabel={t.searchGaps}
      empty={{ title: t.noGaps }}
      row={(r) => JSON.stringify(r)}
      columns={[
        { id: "part", header: t.section, isRowHeader: true, sort: (r) => r.part, cell: (r) => r.part },
        { id: "reason", header: t.reason, sort: (r) => r.reason, cell: (r) => r.reason },
        {
          id: "what",
          header: t.what,
          cell: (r) => (
            <>
              {said(r.detail)}
              {r.subject && (
                <Box variant="small" display="block">
                  {r.subject}
                </Box>
              )}
            </>
          ),
        },
      ]}
    />
  );
}
