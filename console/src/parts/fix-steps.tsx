import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { getFixSet } from "../api/inventory";
import type { Schemas } from "../api/native";
import { useFormats, useText } from "../text";
import { useSaid } from "../text/said-in";
import { plansKey } from "./plans";
import { ProblemAlert } from "./problems";

export type FixSet = Schemas["ExposureFleetFixSet"];
export type FixStep = Schemas["ExposureFleetStep"];

/** A goal as the server is asked about it: its words there are lower case, and empty is resolved. */
export const goalQuery = (g: Schemas["RemediationGoal"]) => ({
  wish: g.wish.toLowerCase() || "resolved",
  severity: (g.severities ?? []).map((s) => s.toLowerCase()),
  account: g.accounts ?? [],
  region: g.regions ?? [],
});

/** The changes that bring the fleet to a goal, as it is now. */
export const useFixSet = (goal: ReturnType<typeof goalQuery>) =>
  useQuery({ queryKey: [plansKey, "fix-set", goal], queryFn: ({ signal }) => getFixSet(goal, signal) });

interface Props {
  title: string;
  description: string;
  set: FixSet | undefined;
  error: unknown;
  retry: () => unknown;
  empty: string;
  /** The last column. */
  last: { header: string; cell: (step: FixStep) => ReactNode };
  /** How one of them is chosen. */
  selection?: Pick<TableProps<FixStep>, "selectedItems" | "onSelectionChange" | "isItemDisabled">;
}

/** The changes that bring a fleet to a goal, in order, with their effort and what each comes to. */
export function FixSteps({ title, description, set, error, retry, empty, last, selection }: Props) {
  const said = useSaid();
  const text = useText();
  const t = text.newFleet;
  const formats = useFormats();
  if (error !== null) {
    return <ProblemAlert header={t.changesFailed} error={error} retry={retry} />;
  }
  const steps = set?.steps ?? [];
  return (
    <Table
      variant="container"
      wrapLines
      items={steps}
      trackBy="topic"
      loading={set === undefined}
      loadingText={text.common.loading}
      header={
        <Header variant="h2" description={description}>
          {title}
        </Header>
      }
      footer={
        set &&
        steps.length > 0 && (
          <Box>{t.sentence(formats.number(steps.length), steps.length, formats.number(set.greedy), formats.number(set.above))}</Box>
        )
      }
      empty={empty}
      ariaLabels={{ tableLabel: title, selectionGroupLabel: t.selection, itemSelectionLabel: (_, step) => t.choose(said(step.title)) }}
      columnDefinitions={[
        { id: "change", header: t.change, isRowHeader: true, minWidth: 220, cell: (s) => said(s.title) },
        { id: "effort", header: t.effort, width: 140, cell: (s) => text.remediation.efforts[s.effort] ?? s.effort },
        { id: "clusters", header: t.clusters, width: 110, cell: (s) => formats.number(s.clusters) },
        { id: "reached", header: t.reached, width: 130, cell: (s) => formats.number(s.reached) },
        { id: "left", header: t.left, width: 140, cell: (s) => formats.number(s.left) },
        { id: "last", header: last.header, width: 150, cell: last.cell },
      ]}
      {...(selection && { selectionType: "single" as const, ...selection })}
    />
  );
}
