import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import { Fragment, type ReactNode } from "react";
import { clusterAddress } from "../../parts/addresses";
import { phaseOf } from "../../parts/cluster-words";
import { PageLink } from "../../parts/follow";
import { now } from "../../parts/clock";
import { spanOf, SupportBar } from "../../parts/support-bar";
import { useFormats, useText } from "../../text";
import { Axis } from "./axis";
import type { Version } from "./versions";

const shownClusters = 6;

/** The versions as bars against time, with the clusters that run each. */
export function Timeline({ rows, actions }: { rows: Version[]; actions: ReactNode }) {
  const text = useText();
  const formats = useFormats();
  const t = text.calendar;
  const span = spanOf(rows.map((r) => r.support));
  const words = (r: Version) =>
    `${r.support.version}: ${t.endStandard} ${formats.day(r.support.end_of_standard)}, ${t.endExtended} ${formats.day(r.support.end_of_extended)}`;
  return (
    <Table
      wrapLines
      items={rows}
      trackBy={(r) => r.support.version}
      ariaLabels={{ tableLabel: t.timelineLabel }}
      header={
        <Header variant="h2" actions={actions}>
          {t.timeline}
        </Header>
      }
      footer={<Legend />}
      columnDefinitions={[
        { id: "version", header: t.version, isRowHeader: true, width: 110, cell: (r) => <Box variant="strong">{r.support.version}</Box> },
        {
          id: "bar",
          header: <Axis span={span} now={now()} />,
          cell: (r) => <SupportBar support={r.support} span={span} label={words(r)} now={now()} />,
        },
        { id: "clusters", header: t.clusters, width: 320, cell: (r) => <Clusters row={r} /> },
        {
          id: "extra",
          header: t.extra,
          width: 150,
          cell: (r) => (phaseOf(r.support) === "extended" && r.extra > 0 ? formats.usd(r.extra) : text.common.none),
        },
      ]}
    />
  );
}

/** What the colours of the bars mean. */
function Legend() {
  const t = useText().calendar;
  return (
    <ul className="plain support-legend" aria-label={t.legend}>
      {(["standard", "extended", "ended"] as const).map((phase) => (
        <li key={phase}>
          <span className={`support-swatch support-${phase}`} /> {t[phase]}
        </li>
      ))}
    </ul>
  );
}

/** The clusters of a version, as links. */
export function Clusters({ row }: { row: Version }) {
  const text = useText();
  const formats = useFormats();
  if (row.count === 0) {
    return (
      <Box variant="span" color="text-body-secondary">
        {text.calendar.noClusters}
      </Box>
    );
  }
  return (
    <>
      {row.clusters.slice(0, shownClusters).map((c, i) => (
        <Fragment key={clusterAddress(c)}>
          {i > 0 && ", "}
          <span className="whole">
            <PageLink href={clusterAddress(c)}>{c.name}</PageLink>
          </span>
        </Fragment>
      ))}
      {row.count > shownClusters && ` ${text.common.more(formats.number(row.count - shownClusters))}`}
    </>
  );
}
