import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { TableProps } from "@cloudscape-design/components/table";
import { clusterOf, type Finding } from "../../api/ocsf";
import { PageLink } from "../../parts/follow";
import { SeverityBadge, Status } from "../../parts/severity";
import type { Formats } from "../../text/format";
import type { Text } from "../../text";
import { useSaid } from "../../text/said-in";

type Column = TableProps.ColumnDefinition<Finding>;

const usualColumns = ["title", "severity", "cluster", "status", ...(innerWidth >= 1600 ? ["region", "traits", "modified"] : [])];

/** Which columns are shown, in their order, until somebody chooses others. */
export const usualDisplay = (text: Text, formats: Formats) =>
  columnsOf(text, formats).map((c) => ({ id: c.id ?? "", visible: usualColumns.includes(c.id ?? "") }));

/** All columns of the list. Those with a sorting field are sorted by the server. */
export function columnsOf(text: Text, formats: Formats): Column[] {
  const c = text.exposures.columns;
  const column = (id: keyof typeof c, cell: Column["cell"], more: Partial<Column> = {}): Column => ({ id, header: c[id], cell, ...more });
  return [
    column("title", (f) => <Title finding={f} />, {
      sortingField: "finding_info.title",
      isRowHeader: true,
      minWidth: 240,
    }),
    column("severity", (f) => <SeverityBadge severity={f.severity} />, { sortingField: "severity", width: 112 }),
    column("cluster", (f) => <Cluster finding={f} />, { minWidth: 170 }),
    column("account", (f) => <Account finding={f} />, { sortingField: "cloud.account.uid", minWidth: 130 }),
    column("region", (f) => f.cloud.region, { sortingField: "cloud.region", minWidth: 110 }),
    column("status", (f) => <Status status={f.status} />, { sortingField: "status", minWidth: 110 }),
    column("traits", (f) => <Traits finding={f} text={text} />, { minWidth: 160 }),
    column("signals", (f) => formats.number(f.finding_info.related_events_count ?? 0), {
      sortingField: "finding_info.related_events_count",
    }),
    column("likelihood", (f) => f.likelihood ?? text.common.none, { sortingField: "likelihood" }),
    column("impact", (f) => f.impact ?? text.common.none, { sortingField: "impact" }),
    column("types", (f) => f.finding_info.types.map((t) => t.split("/").at(-1)).join(", "), { minWidth: 160 }),
    column("version", (f) => clusterOf(f)?.version ?? text.common.none),
    column("firstSeen", (f) => formats.time(f.finding_info.first_seen_time_dt), {
      sortingField: "finding_info.first_seen_time_dt",
      minWidth: 120,
    }),
    column("modified", (f) => formats.time(f.finding_info.modified_time_dt), {
      sortingField: "finding_info.modified_time_dt",
      minWidth: 120,
    }),
    column("comment", (f) => f.comment ?? text.common.none, { minWidth: 160 }),
    column("id", (f) => <Box variant="samp">{f.metadata.uid.slice(0, 12)}</Box>),
  ];
}

/** Titles are long and begin alike; three lines tell them apart, and the finding has all of it. */
function Title({ finding }: { finding: Finding }) {
  const said = useSaid();
  const { title } = finding.finding_info;
  return (
    // A click on the link must not choose the row too, which would keep the list in place.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
    <span className="lines" title={said(title)} onClick={(e) => e.stopPropagation()}>
      <PageLink href={`/exposures/${finding.metadata.uid}`}>{said(title)}</PageLink>
    </span>
  );
}

function Cluster({ finding }: { finding: Finding }) {
  const { account, region } = finding.cloud;
  return (
    <>
      <div>{clusterOf(finding)?.name}</div>
      <Box color="text-body-secondary" fontSize="body-s">
        <div>{account.name ?? account.uid}</div>
        <div className="nowrap">{region}</div>
      </Box>
    </>
  );
}

function Account({ finding }: { finding: Finding }) {
  const { name, uid } = finding.cloud.account;
  return (
    <>
      {name && <div>{name}</div>}
      <Box color={name ? "text-body-secondary" : "inherit"} fontSize={name ? "body-s" : "body-m"}>
        {uid}
      </Box>
    </>
  );
}

/** How many traits of each type contribute. */
function Traits({ finding, text }: { finding: Finding; text: Text }) {
  const counts = new Map<string, Set<string>>();
  for (const trait of (finding.finding_info.related_events ?? []).flatMap((e) => e.traits)) {
    if (trait.type === "Contributing Trait") {
      counts.set(trait.category, (counts.get(trait.category) ?? new Set()).add(trait.uid));
    }
  }
  return (
    <SpaceBetween direction="horizontal" size="xxs">
      {[...counts].map(([type, ids]) => (
        <Badge key={type}>{`${text.traitTypes[type] ?? type} ${ids.size}`}</Badge>
      ))}
    </SpaceBetween>
  );
}
