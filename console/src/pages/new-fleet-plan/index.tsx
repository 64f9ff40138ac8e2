import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { getPlanTopics } from "../../api/plans";
import { Page } from "../../app/layout";
import { newFleetPlanAddress } from "../../parts/addresses";
import { FixSteps, useFixSet } from "../../parts/fix-steps";
import { useUrl } from "../../parts/url";
import { useText } from "../../text";
import { Change } from "./change";
import { Goal, useGoal } from "./goal";

/** Drafts a fleet plan: from a goal to the changes that reach it, and to a plan for one of them. */
export default function NewFleetPlan() {
  const text = useText();
  const t = text.newFleet;
  const { get, set } = useUrl();
  const goal = useGoal();
  const found = useFixSet(goal);
  const topics = useQuery({ queryKey: ["plan-topics"], staleTime: Infinity, queryFn: ({ signal }) => getPlanTopics(signal) });
  const topicOf = (id: string) => (topics.data?.items ?? []).find((i) => i.id === id);
  const steps = found.data?.steps ?? [];
  const chosen = get("topic");
  const step = steps.find((s) => s.topic === chosen);
  return (
    <Page
      title={t.title}
      breadcrumbs={[
        { text: text.plans.title, href: "/remediation?tab=fleet" },
        { text: t.title, href: newFleetPlanAddress },
      ]}
    >
      <ContentLayout
        header={
          <Header variant="h1" description={t.about}>
            {t.title}
          </Header>
        }
      >
        <SpaceBetween size="l">
          <Goal goal={goal} />
          <FixSteps
            title={t.changes}
            description={t.changesText}
            set={found.data}
            error={found.error}
            retry={found.refetch}
            empty={t.nothing}
            last={{
              header: text.draft.column,
              cell: (s) => (topicOf(s.topic)?.offers?.length ? text.common.yes : t.byHand),
            }}
            selection={{
              selectedItems: step ? [step] : [],
              onSelectionChange: ({ detail }) => set({ topic: detail.selectedItems[0]?.topic }, { replace: true }),
            }}
          />
          {topics.data && steps.length > 0 && (
            <Change key={chosen} step={step} goal={goal} topic={topicOf(chosen)} batch={topics.data.fleet_batch} />
          )}
        </SpaceBetween>
      </ContentLayout>
    </Page>
  );
}
