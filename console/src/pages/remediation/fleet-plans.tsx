import Button from "@cloudscape-design/components/button";
import { useNavigate } from "react-router";
import type { Schemas } from "../../api/native";
import { useSession } from "../../app/session";
import { fleetPlanAddress, newFleetPlanAddress } from "../../parts/addresses";
import { PageLink } from "../../parts/follow";
import { ListTable, type Column } from "../../parts/list-table";
import { PlanStatus } from "../../parts/plan-words";
import { useFleetPlans, useTopicName } from "../../parts/plans";
import { useUrl } from "../../parts/url";
import { useFormats, useText, type Text } from "../../text";
import { useSaid } from "../../text/said-in";
import type { Formats } from "../../text/format";
import { StateChoice } from "./state-choice";

type Fleet = Schemas["FleetPlanBrief"];

const author = (f: Fleet) => f.author_name ?? f.author;
const clusters = (f: Fleet) => (f.waves ?? []).reduce((n, wave) => n + wave.length, 0);

function columns(text: Text, formats: Formats, topic: (f: Fleet) => string, said: (text: string) => string): Column<Fleet>[] {
  const t = text.fleets;
  return [
    {
      id: "plan",
      header: t.plan,
      isRowHeader: true,
      minWidth: 240,
      sort: (f) => f.title,
      cell: (f) => <PageLink href={fleetPlanAddress(f.id)}>{said(f.title)}</PageLink>,
    },
    { id: "topic", header: text.plans.topic, sort: topic, cell: topic },
    { id: "state", header: text.plans.state, sort: (f) => text.plans.states[f.state], cell: (f) => <PlanStatus state={f.state} /> },
    { id: "clusters", header: t.clusters, sort: clusters, cell: (f) => formats.number(clusters(f)) },
    { id: "waves", header: t.waves, sort: (f) => (f.waves ?? []).length, cell: (f) => formats.number((f.waves ?? []).length) },
    { id: "author", header: text.plans.author, sort: author, cell: author },
    { id: "drafted", header: t.drafted, sort: (f) => f.drafted_at, cell: (f) => formats.ago(f.drafted_at) },
  ];
}

/** The fleet plans: one remedy for many clusters each. */
export function FleetPlans() {
  const said = useSaid();
  const text = useText();
  const t = text.fleets;
  const formats = useFormats();
  const navigate = useNavigate();
  const { may } = useSession();
  const { get } = useUrl();
  const fleets = useFleetPlans();
  const name = useTopicName();
  const topic = (f: Fleet) => name(f.trait);
  const state = get("state");
  const create = (
    <Button
      disabled={!may("operator")}
      disabledReason={text.common.needsRole(text.roles.operator)}
      onClick={() => void navigate(newFleetPlanAddress)}
    >
      {t.create}
    </Button>
  );
  return (
    <ListTable
      title={t.tabFleet}
      description={t.about}
      items={fleets.data?.filter((f) => !state || f.state === state)}
      columns={columns(text, formats, topic, said)}
      search={(f) => `${said(f.title)} ${topic(f)} ${f.option} ${author(f)}`}
      searchLabel={t.search}
      sort="-drafted"
      row={(f) => f.id}
      error={fleets.error}
      retry={fleets.refetch}
      empty={{ title: state ? text.lists.noMatch : t.emptyTitle, ...(state ? {} : { text: t.emptyText }) }}
      filters={<StateChoice />}
      actions={create}
    />
  );
}
