import "./plan.css";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useParams } from "react-router";
import type { Run } from "../../api/plans";
import { Page } from "../../app/layout";
import { planAddress } from "../../parts/addresses";
import { ProblemAlert } from "../../parts/problems";
import { Waiting } from "../../parts/waiting";
import { useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { Actions } from "./actions";
import { Callers } from "./callers";
import { Checks } from "./checks";
import { Facts, Notes } from "./facts";
import { Outcome } from "./outcome";
import { usePlan } from "./queries";
import { Top } from "./top";

/** The page of one plan: what it would change, and how far it is. */
export default function Plan() {
  const said = useSaid();
  const text = useText();
  const { id = "" } = useParams();
  const plan = usePlan(id);
  const title = said(plan.data?.plan.title ?? id);
  return (
    <Page
      title={title}
      breadcrumbs={[
        { text: text.plans.title, href: "/remediation" },
        { text: title, href: planAddress(id) },
      ]}
    >
      {plan.data ? <Review run={plan.data} /> : plan.error ? <Missing error={plan.error} retry={plan.refetch} /> : <Waiting />}
    </Page>
  );
}

function Missing({ error, retry }: { error: unknown; retry: () => unknown }) {
  return <ProblemAlert header={useText().plan.notFound} error={error} retry={retry} />;
}

function Review({ run }: { run: Run }) {
  return (
    <SpaceBetween size="l">
      <Top run={run} />
      <Outcome run={run} />
      <Facts run={run} />
      {(run.plan.checks ?? []).length > 0 && <Checks run={run} />}
      {run.plan.callers && <Callers callers={run.plan.callers} />}
      <Actions run={run} />
      <Notes run={run} />
    </SpaceBetween>
  );
}
