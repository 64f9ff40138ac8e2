import Box from "@cloudscape-design/components/box";
import type { StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { PlanState, Run } from "../api/plans";
import { useFormats, useText } from "../text";
import { useSaid } from "../text/said-in";
import { SeverityBadge } from "./severity";
import { State } from "./state";

const signs: Record<PlanState, StatusIndicatorProps.Type> = {
  drafted: "pending",
  approved: "info",
  applying: "in-progress",
  paused: "stopped",
  verifying: "in-progress",
  done: "success",
  failed: "error",
  reverting: "in-progress",
  reverted: "stopped",
  cancelled: "stopped",
};

/** How far a plan is. */
export function PlanStatus({ state }: { state: PlanState }) {
  return <State type={signs[state]}>{useText().plans.states[state]}</State>;
}

/** The severity before a change, and after it. */
export function Becomes({ before, after }: { before: string; after: string }) {
  const text = useText();
  const word = (severity: string) => (severity ? (text.severities[severity] ?? severity) : text.plan.resolved);
  return (
    <span className="becomes" role="img" aria-label={text.plans.becomes(word(before), word(after))}>
      <Left severity={before} />
      <span aria-hidden="true">→</span>
      <Left severity={after} />
    </span>
  );
}

/** A severity, or that nothing is left. */
export function Left({ severity }: { severity: string }) {
  const text = useText();
  return severity ? <SeverityBadge severity={severity} /> : <State type="success">{text.plan.resolved}</State>;
}

/** Whether all of a change can be undone. */
export function Reversible({ all }: { all: boolean }) {
  const t = useText().plan;
  return (
    <State type={all ? "success" : "warning"} sentence>
      {all ? t.reversible : t.irreversible}
    </State>
  );
}

/** Who approved a plan and when, and what was accepted. */
export function Approved({ approval }: { approval: NonNullable<Run["approval"]> }) {
  const said = useSaid();
  const t = useText().plan;
  const formats = useFormats();
  const accepted = approval.accepted ?? [];
  return (
    <>
      {t.by(formats.time(approval.at), approval.name ?? approval.by)}
      {accepted.length > 0 && (
        <Box color="text-body-secondary" fontSize="body-s">
          {t.accepted(formats.list(accepted.map(said)))}
        </Box>
      )}
    </>
  );
}
