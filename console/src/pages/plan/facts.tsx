import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import type { Run } from "../../api/plans";
import { clusterAddress, exposureAddress, fleetPlanAddress } from "../../parts/addresses";
import { Copy } from "../../parts/copy";
import { PageLink } from "../../parts/follow";
import { Approved, Becomes, Reversible } from "../../parts/plan-words";
import { useTopicName } from "../../parts/plans";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";

/** What the plan is for, what it will come to, who wrote and who approved it. */
export function Facts({ run }: { run: Run }) {
  const text = useText();
  const t = text.plan;
  const formats = useFormats();
  const topic = useTopicName();
  const { plan, approval } = run;
  const permissions = [...new Set((plan.actions ?? []).flatMap((a) => a.permissions ?? []))].sort();
  return (
    <Container header={<Header variant="h2">{t.facts}</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          { label: t.cluster, value: <PageLink href={clusterAddress(plan.cluster)}>{plan.cluster.name}</PageLink> },
          { label: t.exposure, value: <PageLink href={`${exposureAddress(plan.finding)}?tab=remediation`}>{t.openExposure}</PageLink> },
          ...(run.fleet ? [{ label: t.fleet, value: <PageLink href={fleetPlanAddress(run.fleet)}>{t.openFleet}</PageLink> }] : []),
          { label: t.topic, value: topic(plan.trait) },
          { label: t.severity, value: <Becomes before={plan.severity_before} after={plan.severity_after} /> },
          { label: t.aim, value: plan.ends_trait ? t.ends : t.weaker },
          { label: t.undo, value: <Reversible all={run.reversible} /> },
          { label: t.drafted, value: t.by(formats.time(plan.drafted_at), plan.author_name ?? plan.author) },
          { label: t.seen, value: t.seenText(formats.time(plan.seen_at)) },
          { label: t.permissions, value: permissions.map((p) => <div key={p}>{p}</div>) },
          { label: t.hash, value: <Copy value={run.hash} shown={`${run.hash.slice(0, 12)}…`} /> },
          ...(approval ? [{ label: t.approval, value: <Approved approval={approval} /> }] : []),
        ]}
      />
    </Container>
  );
}

/** What whoever approves should know besides. */
export function Notes({ run }: { run: Run }) {
  const said = useSaid();
  const t = useText().plan;
  const notes = run.plan.notes ?? [];
  if (notes.length === 0) {
    return undefined;
  }
  return (
    <Container header={<Header variant="h2">{t.notes}</Header>}>
      <ul className="plan-notes">
        {notes.map((n) => (
          <li key={n} className="anywhere">
            {said(n)}
          </li>
        ))}
      </ul>
    </Container>
  );
}
