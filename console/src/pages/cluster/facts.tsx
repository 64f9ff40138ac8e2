import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { Cluster } from "../../api/inventory";
import { exposureAddress } from "../../parts/addresses";
import { Coverage, Encryption, Endpoint, phaseOf, Support } from "../../parts/cluster-words";
import { now } from "../../parts/clock";
import { PageLink } from "../../parts/follow";
import { Reasons } from "../../parts/reasons";
import { SeverityBadge, Status } from "../../parts/severity";
import { SupportBar, spanOf } from "../../parts/support-bar";
import { useFormats, useText } from "../../text";

/** What a cluster is, in short, with the calendar of its version and its finding. */
export function Facts({ cluster }: { cluster: Cluster }) {
  const text = useText();
  const formats = useFormats();
  const c = cluster.cluster;
  const t = text.cluster;
  const or = (value: string | undefined) => (value === undefined || value === "" ? text.common.none : value);
  return (
    <SpaceBetween size="l">
      {cluster.unneeded && (
        <Alert type="info" header={text.clusters.unneeded}>
          {t.unneededSince(formats.day(cluster.unneeded.since))}
          <Reasons reasons={cluster.unneeded.reasons ?? []} />
        </Alert>
      )}
      <ColumnLayout columns={2}>
        <Container header={<Header variant="h2">{t.timeline}</Header>} fitHeight>
          <Calendar cluster={cluster} />
        </Container>
        <Container header={<Header variant="h2">{t.finding}</Header>} fitHeight>
          <Finding cluster={cluster} />
        </Container>
      </ColumnLayout>
      <Container header={<Header variant="h2">{t.facts}</Header>}>
        <KeyValuePairs
          columns={4}
          items={[
            { label: t.account, value: c.account_name ? `${c.account_name} (${c.ref.account})` : c.ref.account },
            { label: t.region, value: c.ref.region },
            { label: t.status, value: c.status },
            { label: t.created, value: formats.day(c.created_at) },
            { label: text.clusters.endpoint, value: <Endpoint cluster={c} /> },
            { label: text.clusters.encryption, value: <Encryption encryption={cluster.encryption} /> },
            { label: text.clusters.nodes, value: c.nodes === undefined ? text.common.none : formats.number(c.nodes) },
            { label: text.clusters.images, value: c.images === undefined ? text.common.none : formats.number(c.images) },
            { label: t.platform, value: or(c.platform_version) },
            { label: t.supportType, value: t.supportTypes[c.support_type ?? ""] ?? or(c.support_type) },
            { label: t.vpc, value: or(c.network?.vpc) },
            { label: t.deletionProtection, value: c.deletion_protection ? text.common.yes : text.common.no },
            { label: t.nodeGroups, value: formats.list((c.node_groups ?? []).map((g) => g.name)) || text.common.none },
            { label: text.clusters.scanned, value: formats.time(cluster.scanned_at) },
            { label: text.clusters.coverage, value: <Coverage cluster={cluster} /> },
          ]}
        />
      </Container>
    </SpaceBetween>
  );
}

function Calendar({ cluster }: { cluster: Cluster }) {
  const text = useText();
  const formats = useFormats();
  const s = cluster.support;
  const name = text.cluster.timelineAbout(cluster.cluster.version ?? text.common.unknown);
  if (!s) {
    return (
      <Box>
        {name}: {text.clusters.supportUnknown}
      </Box>
    );
  }
  const monthly = phaseOf(s) === "standard" ? 73 : 438;
  return (
    <SpaceBetween size="s">
      <SupportBar support={s} span={spanOf([s])} label={name} now={now()} />
      <KeyValuePairs
        columns={2}
        items={[
          { label: name, value: <Support support={s} brief /> },
          { label: text.cluster.monthly, value: formats.usd(monthly) },
          { label: text.calendar.endStandard, value: formats.day(s.end_of_standard) },
          { label: text.calendar.endExtended, value: formats.day(s.end_of_extended) },
        ]}
      />
    </SpaceBetween>
  );
}

function Finding({ cluster: { finding } }: { cluster: Cluster }) {
  const text = useText();
  if (!finding?.open) {
    return (
      <SpaceBetween size="xs">
        <Box variant="strong">{text.cluster.noFinding}</Box>
        <Box color="text-body-secondary">{text.cluster.findingText}</Box>
      </SpaceBetween>
    );
  }
  return (
    <SpaceBetween size="s">
      <SpaceBetween direction="horizontal" size="s" alignItems="center">
        <SeverityBadge severity={finding.severity} />
        <Status status={finding.status} />
      </SpaceBetween>
      <PageLink href={exposureAddress(finding.id)}>{text.cluster.openFinding}</PageLink>
    </SpaceBetween>
  );
}
