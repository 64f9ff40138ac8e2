import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useNavigate } from "react-router";
import type { Schemas } from "../../api/native";
import { useSession } from "../../app/session";
import { fleetPlanAddress, newFleetPlanAddress } from "../../parts/addresses";
import { DraftProgress } from "../../parts/drafting";
import { PageLink } from "../../parts/follow";
import { ListTable, type Column } from "../../parts/list-table";
import { PlanStatus } from "../../parts/plan-words";
import { type Drafting, useFleetPlans, useTopicName } from "../../parts/plans";
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
  const drafting = fleets.data?.drafting ?? [];
  const list = (
    <ListTable
      title={t.tabFleet}
      description={t.about}
      items={fleets.data && (fleets.data.items ?? []).filter((f) => !state || f.state === state)}
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
  return drafting.length === 0 ? (
    list
  ) : (
    <SpaceBetween size="l">
      <Drafts drafting={drafting} />
      {list}
    </SpaceBetween>
  );
}

/** The fleet plans that are being drafted. */
function Drafts({ drafting }: { drafting: Drafting[] }) {
  const t = useText().fleet.drafting;
  const topic = useTopicName();
  return (
    <Container header={<Header variant="h2">{t.title}</Header>}>
      <SpaceBetween size="m">
        {drafting.map((d) => (
          <div key={d.id} className="spread">
            <div className="spread-most">
              <DraftProgress draft={d} />
            </div>
            <PageLink href={fleetPlanAddress(d.id)} ariaLabel={t.openFor(topic(d.trait))}>
              {t.open}
            </PageLink>
          </div>
        ))}
      </SpaceBetween>
    </Container>
  );
}
