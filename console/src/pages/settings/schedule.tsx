import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { getScans, type Scan } from "../../api/manage";
import { ListTable } from "../../parts/list-table";
import { useFormats, useText } from "../../text";
import { Values } from "./values";

/** How often clusters are scanned, and the scans that somebody asked for. */
export function Schedule() {
  const text = useText();
  const formats = useFormats();
  const t = text.settings;
  const scans = useQuery({ queryKey: ["scans"], queryFn: ({ signal }) => getScans(signal) });
  return (
    <SpaceBetween size="l">
      <Values title={t.schedule} description={t.scheduleAbout} prefixes={["schedule.", "scan."]} />
      <ListTable<Scan>
        prefix="scans."
        title={t.scans}
        items={scans.data && (scans.data.items ?? [])}
        error={scans.error}
        retry={scans.refetch}
        sort="-at"
        search={(s) => `${s.id} ${s.by} ${s.state}`}
        searchLabel={t.searchScans}
        empty={{ title: t.noScans }}
        row={(s) => s.id}
        columns={[
          { id: "at", header: t.scanAt, isRowHeader: true, sort: (s) => s.at, cell: (s) => formats.time(s.at) },
          { id: "by", header: t.scanBy, sort: (s) => s.by, cell: (s) => s.by },
          { id: "state", header: t.scanState, sort: (s) => s.state, cell: (s) => t.states[s.state] ?? s.state },
          {
            id: "clusters",
            header: t.scanClusters,
            cell: (s) => `${formats.number(s.progress.scanned)}/${formats.number(s.progress.clusters)}`,
          },
          { id: "failed", header: t.scanFailed, cell: (s) => formats.number(s.progress.failed) },
        ]}
      />
    </SpaceBetween>
  );
}
