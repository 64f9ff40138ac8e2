import type { Run } from "../../api/plans";
import { PlanTop } from "../../parts/plan-top";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { Approve } from "./approve";
import { useChanges } from "./queries";

/** What the plan is called, how far it is, and what can be done with it. */
export function Top({ run }: { run: Run }) {
  const said = useSaid();
  const t = useText().plan;
  const formats = useFormats();
  const { move } = useChanges(run.plan.id);
  const count = (run.plan.actions ?? []).length;
  const waits = run.fleet !== undefined && (run.state === "drafted" || run.state === "approved");
  return (
    <PlanTop
      title={run.plan.title}
      state={run.state}
      description={waits ? t.withFleet : t.next[run.state]}
      moves={run.moves ?? []}
      questions={{
        apply: { title: t.applyTitle, text: `${t.applyText(formats.number(count), count, run.plan.cluster.name)} ${t.applyAfter}` },
        cancel: { title: t.cancelTitle, text: t.cancelText },
        revert: { title: t.revertTitle, text: run.stays ? `${t.revertText} ${t.stays(said(run.stays))}` : t.revertText },
      }}
      busy={move.isPending ? move.variables : undefined}
      onMove={(to, done) => move.mutate(to, { onSettled: done })}
      approve={(close) => <Approve run={run} onClose={close} />}
    />
  );
}
