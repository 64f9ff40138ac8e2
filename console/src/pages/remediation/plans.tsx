import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import { useNavigate } from "react-router";
import type { Run } from "../../api/plans";
import { planAddress } from "../../parts/addresses";
import { PageLink } from "../../parts/follow";
import { ListTable, type Column } from "../../parts/list-table";
import { Becomes, PlanStatus } from "../../parts/plan-words";
import { changedAt, usePlans, useTopicName } from "../../parts/plans";
import { StateChoice } from "./state-choice";
import { useUrl } from "../../parts/url";
import { useFormats, useText, type Text } from "../../text";
import { useSaid } from "../../text/said-in";
import type { Formats } from "../../text/format";

function columns(text: Text, formats: Formats, topic: (r: Run) => string, said: (text: string) => string): Column<Run>[] {
  const t = text.plans;
  return [
    {
      id: "plan",
      header: t.plan,
      isRowHeader: true,
      minWidth: 240,
      sort: (r) => r.plan.title,
      cell: (r) => (
        <>
          <PageLink href={planAddress(r.plan.id)}>{said(r.plan.title)}</PageLink>
          <Box variant="small" display="block">
            {r.plan.cluster.account} · {r.plan.cluster.region}
          </Box>
        </>
      ),
    },
    { id: "topic", header: t.topic, sort: topic, cell: topic },
    { id: "state", header: t.state, sort: (r) => t.states[r.state], cell: (r) => <PlanStatus state={r.state} /> },
    {
      id: "severity",
      header: t.severity,
      minWidth: 230,
      cell: (r) => <Becomes before={r.plan.severity_before} after={r.plan.severity_after} />,
    },
    { id: "author", header: t.author, sort: author, cell: author },
    { id: "changed", header: t.changed, sort: (r) => changedAt(r), cell: (r) => formats.ago(changedAt(r)) },
  ];
}

const author = ({ plan }: Run) => plan.author_name ?? plan.author;

/** The plans for one cluster each. */
export function Plans() {
  const said = useSaid();
  const text = useText();
  const t = text.plans;
  const formats = useFormats();
  const navigate = useNavigate();
  const { get } = useUrl();
  const plans = usePlans();
  const name = useTopicName();
  const topic = ({ plan }: Run) => name(plan.trait);
  const state = get("state");
  return (
    <ListTable
      title={text.fleets.tabPlans}
      items={plans.data?.filter((r) => !state || r.state === state)}
      columns={columns(text, formats, topic, said)}
      search={(r) => `${said(r.plan.title)} ${r.plan.cluster.account} ${r.plan.cluster.region} ${topic(r)} ${r.plan.option} ${author(r)}`}
      searchLabel={t.search}
      sort="-changed"
      row={(r) => r.plan.id}
      error={plans.error}
      retry={plans.refetch}
      empty={{
        title: state ? text.lists.noMatch : t.emptyTitle,
        ...(state ? {} : { text: t.emptyText }),
        action: <Button onClick={() => void navigate("/exposures")}>{t.toExposures}</Button>,
      }}
      filters={<StateChoice />}
    />
  );
}
