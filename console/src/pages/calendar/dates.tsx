import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { Support } from "../../parts/cluster-words";
import { useFormats, useText } from "../../text";
import { Clusters } from "./timeline";
import type { Version } from "./versions";

/** The calendar in words. */
export function Dates({ rows, actions }: { rows: Version[]; actions: ReactNode }) {
  const text = useText();
  const formats = useFormats();
  const t = text.calendar;
  return (
    <Table
      wrapLines
      items={rows}
      trackBy={(r) => r.support.version}
      ariaLabels={{ tableLabel: t.title }}
      header={
        <Header variant="h2" actions={actions}>
          {t.dates}
        </Header>
      }
      columnDefinitions={[
        { id: "version", header: t.version, isRowHeader: true, cell: (r) => <Box variant="strong">{r.support.version}</Box> },
        { id: "status", header: t.status, cell: (r) => <Support support={r.support} brief /> },
        { id: "standard", header: t.endStandard, cell: (r) => formats.day(r.support.end_of_standard) },
        { id: "extended", header: t.endExtended, cell: (r) => formats.day(r.support.end_of_extended) },
        { id: "clusters", header: t.clusters, cell: (r) => <Clusters row={r} /> },
        { id: "monthly", header: t.monthly, cell: (r) => (r.monthly > 0 ? formats.usd(r.monthly) : text.common.none) },
        { id: "extra", header: t.extra, cell: (r) => (r.extra > 0 ? formats.usd(r.extra) : text.common.none) },
      ]}
    />
  );
}
