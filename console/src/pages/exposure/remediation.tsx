import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { lazy, Suspense, useState } from "react";
import type { Schemas } from "../../api/native";
import { useSession } from "../../app/session";
import { Empty, ProblemAlert } from "../../parts/problems";
import { SeverityBadge } from "../../parts/severity";
import { Waiting } from "../../parts/waiting";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { Guide } from "./guide";
import { Plans } from "./plans";
import { type Finding, useProjection, useTopics } from "./queries";

// Few who read a topic plan it.
const Draft = lazy(async () => ({ default: (await import("./draft")).Draft }));

type Topic = Schemas["TopicGuide"];

/** The topics in recommended order, what ticked ones would leave, and how each is done. */
export function Remediation({ finding }: { finding: Finding }) {
  const text = useText();
  const t = text.remediation;
  const topics = useTopics(finding.id);
  const [ticked, setTicked] = useState<string[]>([]);
  const [planned, setPlanned] = useState<Topic>();
  if (topics.error) {
    return <ProblemAlert header={t.failed} error={topics.error} retry={topics.refetch} />;
  }
  if (!topics.data) {
    return <Waiting />;
  }
  const items = topics.data.items ?? [];
  if (items.length === 0) {
    return <Empty title={t.none}>{t.noneText}</Empty>;
  }
  return (
    <SpaceBetween size="l">
      <Plans finding={finding.id} />
      <WhatIf finding={finding} ticked={ticked} onTick={setTicked} />
      <TopicTable topics={items} severity={finding.severity} ticked={ticked} onTick={setTicked} onPlan={setPlanned} />
      <Container header={<Header variant="h2">{t.guidance}</Header>}>
        <SpaceBetween size="s">
          {items.map((topic) => (
            <Guide key={topic.id} finding={finding.id} topic={topic} />
          ))}
        </SpaceBetween>
      </Container>
      {planned && (
        <Suspense>
          <Draft finding={finding.id} topic={planned} onClose={() => setPlanned(undefined)} />
        </Suspense>
      )}
    </SpaceBetween>
  );
}

interface TableProps {
  topics: Topic[];
  severity: string;
  ticked: string[];
  onTick: (ids: string[]) => void;
  onPlan: (topic: Topic) => void;
}

function TopicTable({ topics, severity, ticked, onTick, onPlan }: TableProps) {
  const said = useSaid();
  const text = useText();
  const { may } = useSession();
  const t = text.remediation;
  return (
    <Table
      items={topics}
      trackBy="id"
      wrapLines
      selectionType="multi"
      selectedItems={topics.filter((topic) => ticked.includes(topic.id))}
      onSelectionChange={(e) => onTick(topics.filter((topic) => e.detail.selectedItems.includes(topic)).map((topic) => topic.id))}
      header={
        <Header variant="h2" description={t.intro}>
          {t.title}
        </Header>
      }
      columnDefinitions={[
        { id: "topic", header: t.topic, cell: (topic) => said(topic.title), isRowHeader: true },
        { id: "effort", header: t.effort, cell: (topic) => t.efforts[topic.effort] ?? topic.effort, width: 120 },
        {
          id: "after",
          header: t.after,
          width: 260,
          cell: (topic) => <After before={severity} after={topic.severity_after} resolves={topic.resolves} />,
        },
        {
          id: "plan",
          header: text.draft.column,
          width: 180,
          cell: (topic) =>
            topic.offers ? (
              <Button
                variant="inline-link"
                ariaLabel={text.draft.openFor(said(topic.title))}
                disabled={!may("operator")}
                disabledReason={text.common.needsRole(text.roles.operator)}
                onClick={() => onPlan(topic)}
              >
                {text.draft.open}
              </Button>
            ) : (
              <Box color="text-body-secondary">{text.draft.byHand}</Box>
            ),
        },
      ]}
      ariaLabels={{
        tableLabel: t.title,
        selectionGroupLabel: t.selection,
        allItemsSelectionLabel: () => text.common.all,
        itemSelectionLabel: (_, topic) => t.select(said(topic.title)),
      }}
    />
  );
}

/** A severity that would be left. */
function After({ before, after, resolves }: { before: string; after: string; resolves: boolean }) {
  const t = useText().remediation;
  if (resolves) {
    return <Box color="text-status-success">{t.resolves}</Box>;
  }
  return (
    <SpaceBetween direction="horizontal" size="xs" alignItems="center">
      <SeverityBadge severity={after} />
      {before === after && <Box color="text-body-secondary">{t.same}</Box>}
    </SpaceBetween>
  );
}

function WhatIf({ finding, ticked, onTick }: { finding: Finding; ticked: string[]; onTick: (ids: string[]) => void }) {
  const text = useText();
  const formats = useFormats();
  const t = text.remediation;
  const projection = useProjection(finding.id, ticked);
  const left = ticked.length === 0 ? undefined : projection.data;
  return (
    <Container header={<Header variant="h2">{t.whatIf}</Header>}>
      <SpaceBetween size="m">
        {projection.error && <ProblemAlert header={t.projectionFailed} error={projection.error} />}
        <div className="what-if" aria-live="polite">
          <div>
            <Box variant="awsui-key-label">{t.now}</Box>
            <SeverityBadge severity={finding.severity} />
          </div>
          <Box fontSize="heading-l" color="text-body-secondary">
            <span aria-hidden="true">→</span>
          </Box>
          <div>
            <Box variant="awsui-key-label">{t.then}</Box>
            {left ? (
              <After before={left.before} after={left.after} resolves={left.resolves} />
            ) : (
              <SeverityBadge severity={finding.severity} />
            )}
          </div>
          <Box color="text-body-secondary">{t.ticked(ticked.length, formats.number(ticked.length))}</Box>
        </div>
        <SpaceBetween direction="horizontal" size="xs" alignItems="center">
          <Box color="text-body-secondary">{t.fewest}</Box>
          {(finding.fix_sets ?? []).map((set) => (
            <Button key={set.wish} onClick={() => onTick(set.topics ?? [])}>
              {`${set.wish ? (text.severities[set.wish] ?? set.wish) : t.toResolved} (${formats.number(set.topics?.length ?? 0)})`}
            </Button>
          ))}
          <Button variant="link" disabled={ticked.length === 0} onClick={() => onTick([])}>
            {t.clear}
          </Button>
        </SpaceBetween>
      </SpaceBetween>
    </Container>
  );
}
