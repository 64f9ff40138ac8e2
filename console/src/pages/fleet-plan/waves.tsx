import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import type { FleetPlan, Run } from "../../api/plans";
import { planAddress } from "../../parts/addresses";
import { PageLink } from "../../parts/follow";
import { Becomes, PlanStatus } from "../../parts/plan-words";
import { checksWith } from "../../parts/plans";
import { useFormats, useText, type Text } from "../../text";
import { useSaid } from "../../text/said-in";
import type { Formats } from "../../text/format";

/** The plans, wave after wave, and how far each is. */
export function Waves({ fleet }: { fleet: FleetPlan }) {
  const said = useSaid();
  const text = useText();
  const t = text.fleet;
  const formats = useFormats();
  const runs = new Map((fleet.plans ?? []).map((r) => [r.plan.id, r]));
  return (
    <Container
      header={
        <Header variant="h2" description={t.wavesText}>
          {t.waves}
        </Header>
      }
    >
      <SpaceBetween size="l">
        {(fleet.waves ?? []).map((wave, i) => {
          const title = (i === 0 ? t.first : t.wave)(formats.number(i + 1));
          return (
            <Table
              key={title}
              variant="embedded"
              wrapLines
              header={<Header variant="h3">{title}</Header>}
              ariaLabels={{ tableLabel: title }}
              items={wave.flatMap((m) => runs.get(m.plan) ?? [])}
              trackBy={(r) => r.plan.id}
              columnDefinitions={columns(text, formats, said)}
            />
          );
        })}
      </SpaceBetween>
    </Container>
  );
}

function columns(text: Text, formats: Formats, said: (text: string) => string) {
  const t = text.fleet;
  return [
    {
      id: "cluster",
      header: t.cluster,
      isRowHeader: true,
      minWidth: 180,
      cell: (r: Run) => (
        <>
          <PageLink href={planAddress(r.plan.id)}>{r.plan.cluster.name}</PageLink>
          <Box variant="small" display="block">
            {r.plan.cluster.account} · {r.plan.cluster.region}
          </Box>
        </>
      ),
    },
    { id: "state", header: t.state, width: 130, cell: (r: Run) => <PlanStatus state={r.state} /> },
    {
      id: "severity",
      header: t.severity,
      width: 230,
      cell: (r: Run) => <Becomes before={r.plan.severity_before} after={r.plan.severity_after} />,
    },
    {
      id: "actions",
      header: t.actions,
      width: 130,
      cell: (r: Run) => {
        const steps = r.steps ?? [];
        return t.actionsOf(formats.number(steps.filter((s) => s.held_at).length), formats.number(steps.length));
      },
    },
    {
      id: "unknown",
      header: t.unknown,
      width: 160,
      cell: (r: Run) => formats.list(checksWith(r, "unknown").map((c) => said(c.name))) || text.common.none,
    },
    { id: "says", header: t.says, cell: (r: Run) => said(r.cause ?? r.problem ?? "") || text.common.none },
  ];
}
