import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { FleetPlan } from "../../api/plans";
import { Copy } from "../../parts/copy";
import { useTopicName } from "../../parts/plans";
import { Approved, Reversible } from "../../parts/plan-words";
import { useFormats, useText } from "../../text";

/** What the fleet plan is for, who wrote and who approved it, and how much is done. */
export function Facts({ fleet }: { fleet: FleetPlan }) {
  const text = useText();
  const t = text.fleet;
  const formats = useFormats();
  const topic = useTopicName();
  const plans = fleet.plans ?? [];
  const done = plans.filter((r) => r.state === "done").length;
  const waves = (fleet.waves ?? []).length;
  const { approval } = fleet;
  return (
    <Container header={<Header variant="h2">{t.facts}</Header>}>
      <SpaceBetween size="l">
        <KeyValuePairs
          columns={4}
          items={[
            { label: text.plan.topic, value: topic(fleet.trait) },
            { label: t.clusters, value: t.clustersIn(formats.number(plans.length), plans.length, formats.number(waves), waves) },
            { label: t.undo, value: <Reversible all={plans.every((r) => r.reversible)} /> },
            { label: t.hash, value: <Copy value={fleet.hash} shown={`${fleet.hash.slice(0, 12)}…`} /> },
            { label: text.plan.drafted, value: text.plan.by(formats.time(fleet.drafted_at), fleet.author_name ?? fleet.author) },
            ...(approval ? [{ label: text.plan.approval, value: <Approved approval={approval} /> }] : []),
          ]}
        />
        {approval && fleet.state !== "reverted" && (
          <ProgressBar
            label={t.done}
            value={plans.length > 0 ? (100 * done) / plans.length : 0}
            additionalInfo={t.doneOf(formats.number(done), formats.number(plans.length))}
          />
        )}
      </SpaceBetween>
    </Container>
  );
}
