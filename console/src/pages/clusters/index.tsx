import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import { useQuery } from "@tanstack/react-query";
import { getAllClusters, type Cluster } from "../../api/inventory";
import { Page } from "../../app/layout";
import { useScan } from "../../app/scans";
import { useSession } from "../../app/session";
import { clusterAddress, exposureAddress } from "../../parts/addresses";
import { Choice } from "../../parts/choice";
import { Coverage, Encryption, Endpoint, Support } from "../../parts/cluster-words";
import { PageLink } from "../../parts/follow";
import { ListTable, type Column } from "../../parts/list-table";
import { SeverityBadge } from "../../parts/severity";
import { useUrl } from "../../parts/url";
import { useFormats, useText, type Text } from "../../text";
import type { Formats } from "../../text/format";

const ranks: Record<string, number> = { Critical: 4, High: 3, Medium: 2, Low: 1 };
const rank = (c: Cluster) => (c.finding?.open ? (ranks[c.finding.severity] ?? 0) : 0);

function columns(text: Text, formats: Formats): Column<Cluster>[] {
  const t = text.clusters;
  return [
    {
      id: "name",
      header: t.name,
      isRowHeader: true,
      sort: (c) => c.cluster.ref.name,
      cell: (c) => (
        <>
          <PageLink href={clusterAddress(c.cluster.ref)}>{c.cluster.ref.name}</PageLink>
          <Box variant="small" display="block">
            {c.cluster.account_name ?? c.cluster.ref.account} · {c.cluster.ref.region}
          </Box>
        </>
      ),
    },
    {
      id: "version",
      header: t.version,
      sort: (c) => c.cluster.version,
      cell: (c) => (
        <>
          {c.cluster.version ?? text.common.unknown}
          <Support support={c.support} />
        </>
      ),
    },
    {
      id: "endpoint",
      header: t.endpoint,
      sort: (c) => (c.cluster.endpoint?.public ? 1 : 0),
      cell: (c) => <Endpoint cluster={c.cluster} />,
    },
    { id: "encryption", header: t.encryption, sort: (c) => c.encryption, cell: (c) => <Encryption encryption={c.encryption} /> },
    {
      id: "nodes",
      header: t.nodes,
      sort: (c) => c.cluster.nodes,
      cell: (c) => (
        <>
          {number(c.cluster.nodes, text, formats)}
          {c.cluster.images !== undefined && (
            <Box variant="small" display="block">
              {t.imageCount(formats.number(c.cluster.images), c.cluster.images)}
            </Box>
          )}
        </>
      ),
    },
    { id: "exposure", header: t.exposure, sort: rank, cell: (c) => <Exposure cluster={c} /> },
    { id: "scanned", header: t.scanned, sort: (c) => c.scanned_at, cell: (c) => formats.ago(c.scanned_at) },
    {
      id: "coverage",
      header: t.coverage,
      sort: (c) => (c.gaps?.length ?? 0) + (c.unknown?.length ?? 0),
      cell: (c) => <Coverage cluster={c} />,
    },
  ];
}

const number = (n: number | undefined, text: Text, formats: Formats) => (n === undefined ? text.common.none : formats.number(n));

function Exposure({ cluster: { finding } }: { cluster: Cluster }) {
  const text = useText();
  if (!finding?.open) {
    return <>{text.clusters.noExposure}</>;
  }
  return (
    <PageLink href={exposureAddress(finding.id)} ariaLabel={text.severities[finding.severity] ?? finding.severity}>
      <SeverityBadge severity={finding.severity} />
    </PageLink>
  );
}

const words = (c: Cluster) =>
  [
    c.cluster.ref.name,
    c.cluster.ref.account,
    c.cluster.account_name,
    c.cluster.ref.region,
    c.cluster.version,
    ...Object.entries(c.cluster.tags ?? {}).flat(),
  ].join(" ");

/** Every cluster, what it is, and what could be read of it. */
export default function Clusters() {
  const text = useText();
  const formats = useFormats();
  const { get } = useUrl();
  const { may } = useSession();
  const scan = useScan();
  const all = useQuery({ queryKey: ["clusters"], queryFn: ({ signal }) => getAllClusters({}, signal) });
  const account = get("account");
  const region = get("region");
  const narrowed = useQuery({
    queryKey: ["clusters", account, region],
    queryFn: ({ signal }) => getAllClusters({ account, region }, signal),
    enabled: (account || region) !== "" && all.data?.more === true,
  });
  const list = narrowed.data ?? all.data;
  const items = list?.items.filter((c) => (!account || c.cluster.ref.account === account) && (!region || c.cluster.ref.region === region));
  const accounts = new Map((all.data?.items ?? []).map((c) => [c.cluster.ref.account, c.cluster.account_name ?? c.cluster.ref.account]));
  const regions = new Set((all.data?.items ?? []).map((c) => c.cluster.ref.region));
  const start = (
    <Button
      onClick={() => scan.start({})}
      loading={scan.starting}
      disabled={!may("operator")}
      disabledReason={may("operator") ? undefined : text.scans.needs}
      iconName="refresh"
    >
      {text.scans.startAll}
    </Button>
  );
  return (
    <Page title={text.clusters.title} breadcrumbs={[]} contentType="table">
      <ListTable
        variant="full-page"
        title={text.clusters.title}
        description={list?.more ? text.lists.more(formats.number(list.items.length)) : text.clusters.about}
        items={items}
        columns={columns(text, formats)}
        search={words}
        searchLabel={text.clusters.search}
        sort="name"
        row={(c) => `${c.cluster.ref.account}/${c.cluster.ref.region}/${c.cluster.ref.name}`}
        error={all.error}
        retry={all.refetch}
        actions={start}
        empty={{ title: text.clusters.emptyTitle, text: text.clusters.emptyText, action: start }}
        filters={
          <>
            <Choice
              name="account"
              label={text.lists.account}
              options={[...accounts].map(([value, label]) => ({ value, label })).sort((a, b) => a.label.localeCompare(b.label))}
            />
            <Choice name="region" label={text.lists.region} options={[...regions].sort().map((value) => ({ value }))} />
          </>
        }
      />
    </Page>
  );
}
