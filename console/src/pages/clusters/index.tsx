import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import type { Cluster } from "../../api/inventory";
import { Page } from "../../app/layout";
import { useScan } from "../../app/scans";
import { useSession } from "../../app/session";
import { clusterAddress, exposureAddress } from "../../parts/addresses";
import { Choice } from "../../parts/choice";
import { Coverage, Encryption, Endpoint, Support } from "../../parts/cluster-words";
import { askedOf } from "../../parts/asked";
import { placesQuery } from "../../parts/fleet";
import { PageLink } from "../../parts/follow";
import { PagedTable, type PagedColumn } from "../../parts/paged-table";
import { SeverityBadge } from "../../parts/severity";
import { useFormats, useText, type Text } from "../../text";
import type { Formats } from "../../text/format";
import { clusterPage, sorts } from "./requests";

function columns(text: Text, formats: Formats): PagedColumn<Cluster>[] {
  const t = text.clusters;
  return [
    {
      id: "name",
      header: t.name,
      isRowHeader: true,
      minWidth: 120,
      cell: (c) => (
        <>
          <PageLink href={clusterAddress(c.cluster.ref)}>{c.cluster.ref.name}</PageLink>
          <Box variant="small" display="block">
            {c.cluster.account_name ?? c.cluster.ref.account} · <span className="nowrap">{c.cluster.ref.region}</span>
          </Box>
        </>
      ),
    },
    {
      id: "version",
      header: t.version,
      cell: (c) => (
        <>
          <div>{c.cluster.version ?? text.common.unknown}</div>
          <Support support={c.support} />
        </>
      ),
    },
    {
      id: "endpoint",
      header: t.endpoint,
      cell: (c) => <Endpoint cluster={c.cluster} />,
    },
    { id: "encryption", header: t.encryption, cell: (c) => <Encryption encryption={c.encryption} /> },
    {
      id: "nodes",
      header: t.nodes,
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
    { id: "exposure", header: t.exposure, cell: (c) => <Exposure cluster={c} /> },
    { id: "scanned", header: t.scanned, cell: (c) => formats.ago(c.scanned_at) },
    {
      id: "coverage",
      header: t.coverage,
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

/** Every cluster, what it is, and what could be read of it. */
export default function Clusters() {
  const text = useText();
  const formats = useFormats();
  const [params] = useSearchParams();
  const { may } = useSession();
  const scan = useScan();
  const page = useQuery({ ...clusterPage(params), placeholderData: keepPreviousData });
  const places = useQuery(placesQuery).data?.items ?? [];
  const accounts = new Map(places.map((p) => [p.account, p.account_name ?? p.account]));
  const regions = new Set(places.map((p) => p.region));
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
      <PagedTable
        title={text.clusters.title}
        description={text.clusters.about}
        page={page.data}
        asked={askedOf(params, sorts)}
        sorts={sorts}
        columns={columns(text, formats)}
        searchLabel={text.clusters.search}
        row={(c) => `${c.cluster.ref.account}/${c.cluster.ref.region}/${c.cluster.ref.name}`}
        error={page.error}
        retry={page.refetch}
        actions={start}
        empty={{ title: text.clusters.emptyTitle, text: text.clusters.emptyText, action: start }}
        filterNames={["account", "region"]}
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
