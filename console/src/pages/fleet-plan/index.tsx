import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useParams } from "react-router";
import type { FleetPlan as Fleet } from "../../api/plans";
import { Page } from "../../app/layout";
import { fleetPlanAddress } from "../../parts/addresses";
import { DraftProgress } from "../../parts/drafting";
import { ProblemAlert } from "../../parts/problems";
import { Waiting } from "../../parts/waiting";
import { useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { Facts } from "./facts";
import { Goal } from "./goal";
import { Reasons, Unknowns } from "./unknowns";
import { useDraft, useFleetPlan } from "./queries";
import { Top } from "./top";
import { Waves } from "./waves";

/** The page of one fleet plan: its waves, what is not known, and how far it is. */
export default function FleetPlan() {
  const said = useSaid();
  const text = useText();
  const { id = "" } = useParams();
  const fleet = useFleetPlan(id);
  const draft = useDraft(id, fleet);
  const title = draft ? text.fleet.drafting.title : said(fleet.data?.title ?? id);
  return (
    <Page
      title={title}
      breadcrumbs={[
        { text: text.plans.title, href: "/remediation?tab=fleet" },
        { text: title, href: fleetPlanAddress(id) },
      ]}
    >
      {fleet.data ? (
        <Review fleet={fleet.data} />
      ) : draft ? (
        <ContentLayout
          header={
            <Header variant="h1" description={text.fleet.drafting.text}>
              {title}
            </Header>
          }
        >
          <Container>
            <DraftProgress draft={draft} />
          </Container>
        </ContentLayout>
      ) : fleet.error ? (
        <ProblemAlert header={text.fleet.notFound} error={fleet.error} retry={fleet.refetch} />
      ) : (
        <Waiting />
      )}
    </Page>
  );
}

function Review({ fleet }: { fleet: Fleet }) {
  const said = useSaid();
  const t = useText().fleet;
  return (
    <SpaceBetween size="l">
      <Top fleet={fleet} />
      {fleet.problem && (
        <Alert type="error" header={t.stopped}>
          {said(fleet.problem)}
        </Alert>
      )}
      <Facts fleet={fleet} />
      <Waves fleet={fleet} />
      <Unknowns fleet={fleet} />
      {fleet.kept && <Reasons title={t.kept} about={t.keptText} items={fleet.kept} />}
      {fleet.omitted && <Reasons title={t.omitted} about={t.omittedText} items={fleet.omitted} />}
      {fleet.goal && <Goal fleet={fleet} goal={fleet.goal} />}
    </SpaceBetween>
  );
}
