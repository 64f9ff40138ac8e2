import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { planAddress } from "../../parts/addresses";
import { PageLink } from "../../parts/follow";
import { PlanStatus } from "../../parts/plan-words";
import { changedAt, usePlans } from "../../parts/plans";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";

/** The plans that were drafted for a finding; nothing while there are none. */
export function Plans({ finding }: { finding: string }) {
  const said = useSaid();
  const t = useText().plans;
  const formats = useFormats();
  const plans = usePlans().data?.filter((r) => r.plan.finding === finding) ?? [];
  if (plans.length === 0) {
    return undefined;
  }
  return (
    <Container header={<Header variant="h2">{t.ofFinding}</Header>}>
      <ul className="plain own-plans">
        {plans.map((r) => (
          <li key={r.plan.id}>
            <PageLink href={planAddress(r.plan.id)}>{said(r.plan.title)}</PageLink>
            <PlanStatus state={r.state} />
            <span>{formats.ago(changedAt(r))}</span>
          </li>
        ))}
      </ul>
    </Container>
  );
}
