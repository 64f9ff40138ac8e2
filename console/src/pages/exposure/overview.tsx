import Alert from "@cloudscape-design/components/alert";
import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { lazy, Suspense } from "react";
import { Copy } from "../../parts/copy";
import { PageLink } from "../../parts/follow";
import { OnSight } from "../../parts/on-sight";
import { Reasons } from "../../parts/reasons";
import { SeverityBadge, Status } from "../../parts/severity";
import { Waiting } from "../../parts/waiting";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { Arithmetic } from "./arithmetic";
import { History } from "./history";
import type { Finding } from "./queries";

// The graph's libraries are large, and most look at what is above it first.
const Path = lazy(async () => ({ default: (await import("./path/path")).Path }));

/** What the exposure is, how severe and why, how it came about, and its attack path. */
export function Overview({ finding, inPanel }: { finding: Finding; inPanel: boolean }) {
  const said = useSaid();
  const text = useText();
  const formats = useFormats();
  const t = text.exposure;
  return (
    <SpaceBetween size="l">
      {finding.unneeded && (
        <Alert type="info" header={t.unneeded}>
          <Reasons reasons={finding.unneeded.reasons ?? []} />
          {finding.unneeded.monthly_usd && t.unneededCost(formats.usd(finding.unneeded.monthly_usd))}
        </Alert>
      )}
      {finding.gaps && finding.gaps.length > 0 && (
        <Alert type="warning" header={t.gaps(finding.gaps.length)}>
          {t.gapsText}
          <ul>
            {finding.gaps.map((g) => (
              <li key={`${g.section} ${g.subject ?? ""} ${g.reason}`}>
                {[text.summary.sections[g.section] ?? g.section, g.subject, said(g.detail || g.reason)].filter(Boolean).join(": ")}
              </li>
            ))}
          </ul>
        </Alert>
      )}
      <Container header={<Header variant="h2">{t.details}</Header>}>
        <SpaceBetween size="l">
          <Facts finding={finding} columns={inPanel ? 3 : 4} />
          <div>
            <Box variant="awsui-key-label">{t.description}</Box>
            <Box variant="p">{said(finding.description)}</Box>
          </div>
          <div>
            <Box variant="awsui-key-label">{t.contributing}</Box>
            <SpaceBetween direction="horizontal" size="xs">
              {(finding.traits ?? [])
                .filter((trait) => trait.standing === "contributing")
                .map((trait) => (
                  <Badge key={trait.id}>{said(trait.short)}</Badge>
                ))}
            </SpaceBetween>
          </div>
        </SpaceBetween>
      </Container>
      <Arithmetic finding={finding} />
      <Container header={<Header variant="h2">{text.path.title}</Header>}>
        <OnSight>
          <Suspense fallback={<Waiting />}>
            <Path finding={finding} />
          </Suspense>
        </OnSight>
      </Container>
      <History id={finding.id} />
    </SpaceBetween>
  );
}

function Facts({ finding, columns }: { finding: Finding; columns: number }) {
  const text = useText();
  const formats = useFormats();
  const t = text.exposure;
  const { ref } = finding.cluster;
  const by = finding.override;
  const set = by && (
    <Box color="text-body-secondary" fontSize="body-s">
      {t.setBy(by.by, formats.time(by.at))}
    </Box>
  );
  const items = [
    {
      label: t.severity,
      value: (
        <>
          <SeverityBadge severity={by?.severity ?? finding.severity} />
          {by?.severity && (
            <>
              <Box color="text-body-secondary" fontSize="body-s">
                {t.computed(text.severities[finding.severity] ?? finding.severity)}
              </Box>
              {set}
            </>
          )}
        </>
      ),
    },
    {
      label: t.status,
      value: (
        <>
          <Status status={finding.status} />
          {by?.status && set}
        </>
      ),
    },
    {
      label: t.cluster,
      value: <PageLink href={`/clusters/${ref.account}/${ref.region}/${encodeURIComponent(ref.name)}`}>{ref.name}</PageLink>,
    },
    { label: t.version, value: finding.cluster.version ?? text.common.unknown },
    { label: t.account, value: [finding.cluster.account_name, ref.account].filter(Boolean).join(" · ") },
    { label: t.region, value: ref.region },
    { label: t.firstSeen, value: formats.time(finding.first_seen) },
    { label: t.lastSeen, value: formats.time(finding.last_seen) },
    { label: t.modified, value: formats.time(finding.modified_at) },
    {
      label: t.types,
      value: [...new Set((finding.types ?? []).map((type) => type.split("/").slice(-2).join(": ").replace("Potential ", "")))].map(
        (type) => <div key={type}>{type}</div>,
      ),
    },
    { label: t.id, value: <Copy value={finding.id} shown={`${finding.id.slice(0, 12)}…`} /> },
    ...(finding.reopened ? [{ label: t.reopened, value: t.times(finding.reopened, formats.number(finding.reopened)) }] : []),
    ...(by?.comment
      ? [
          {
            label: t.comment,
            value: (
              <>
                {by.comment}
                {set}
              </>
            ),
          },
        ]
      : []),
  ];
  return <KeyValuePairs columns={columns} items={items} />;
}
