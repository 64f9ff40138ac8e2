import type { FleetPlan } from "../../api/plans";
import { PlanTop } from "../../parts/plan-top";
import { useFormats, useText } from "../../text";
import { Approve } from "./approve";
import { useChanges } from "./queries";

/** What the fleet plan is called, how far it is, and what can be done with it. */
export function Top({ fleet }: { fleet: FleetPlan }) {
  const t = useText().fleet;
  const formats = useFormats();
  const { move } = useChanges(fleet.id);
  const waves = fleet.waves ?? [];
  const [all, first, count] = [(fleet.plans ?? []).length, waves[0]?.length ?? 0, waves.length].map((n) => formats.number(n));
  return (
    <PlanTop
      title={fleet.title}
      state={fleet.state}
      description={t.next[fleet.state]}
      moves={fleet.moves ?? []}
      questions={{
        apply: { title: t.applyTitle, text: fleet.state === "paused" ? t.goOnText : t.applyText(all ?? "", first ?? "", count ?? "") },
        cancel: { title: t.cancelTitle, text: t.cancelText },
        revert: { title: t.revertTitle, text: t.revertText },
      }}
      busy={move.isPending ? move.variables : undefined}
      onMove={(to, done) => move.mutate(to, { onSettled: done })}
      approve={(close) => <Approve fleet={fleet} onClose={close} />}
    />
  );
}
