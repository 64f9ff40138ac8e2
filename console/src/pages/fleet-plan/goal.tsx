import Button from "@cloudscape-design/components/button";
import Box from "@cloudscape-design/components/box";
import { useNavigate } from "react-router";
import type { Schemas } from "../../api/native";
import type { FleetPlan } from "../../api/plans";
import { newFleetPlanAddress } from "../../parts/addresses";
import { FixSteps, goalQuery, useFixSet } from "../../parts/fix-steps";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";

/** The changes that reach the goal that the fleet plan is a step to, as the fleet is now. */
export function Goal({ fleet, goal }: { fleet: FleetPlan; goal: Schemas["RemediationGoal"] }) {
  const said = useSaid();
  const text = useText();
  const t = text.fleet;
  const formats = useFormats();
  const navigate = useNavigate();
  const asked = goalQuery(goal);
  const set = useFixSet(asked);
  const meant = [...(goal.severities ?? []).map((s) => text.severities[s] ?? s), ...(goal.accounts ?? []), ...(goal.regions ?? [])];
  const address = (topic: string) => {
    const q = new URLSearchParams({ wish: asked.wish, topic });
    for (const name of ["severity", "account", "region"] as const) {
      if (asked[name].length > 0) {
        q.set(name, asked[name].join(","));
      }
    }
    return `${newFleetPlanAddress}?${q.toString()}`;
  };
  return (
    <FixSteps
      title={t.goal}
      description={[
        goal.wish ? t.goalText(text.severities[goal.wish] ?? goal.wish) : t.goalResolved,
        meant.length > 0 ? t.meant(formats.list(meant)) : t.meantAll,
      ].join(" ")}
      set={set.data}
      error={set.error}
      retry={set.refetch}
      empty={t.goalReached}
      last={{
        header: text.draft.column,
        cell: (step) =>
          step.topic === fleet.trait ? (
            <Box color="text-body-secondary">{t.this}</Box>
          ) : (
            <Button variant="inline-link" ariaLabel={t.goalPlanFor(said(step.title))} onClick={() => void navigate(address(step.topic))}>
              {t.goalPlan}
            </Button>
          ),
      }}
    />
  );
}
