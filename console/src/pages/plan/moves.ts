import type { Move, Run } from "../../api/plans";

/** What an approver accepts besides the checks: that something cannot be undone, or that the cluster is deleted. */
export const finality = ({ plan }: Run): string =>
  (plan.actions ?? []).some((a) => a.kind === "deletion") ? `delete ${plan.cluster.name}` : "irreversible";

/**
 * The actions that can be undone of those that were begun, the last first: one that cannot be undone keeps
 * all before it, and EKS rolls a control plane back by one version.
 */
function undone({ plan }: Run, begun: number[]): number[] {
  const back: number[] = [];
  let rolled = false;
  for (const i of begun.toReversed()) {
    const action = plan.actions?.[i];
    const version = action?.kind === "control-plane-version";
    if (!action || action.irreversible || (version && rolled)) {
      break;
    }
    rolled ||= version;
    back.push(i);
  }
  return back;
}

/** Whether all of a plan can be undone. */
export function reversible(run: Run): boolean {
  const all = [...(run.plan.actions ?? []).keys()];
  return undone(run, all).length === all.length;
}

/** The checks of a plan that came to a verdict. */
export const checksWith = ({ plan }: Run, verdict: "passed" | "failed" | "unknown") =>
  (plan.checks ?? []).filter((c) => c.verdict === verdict);

/** What can be done with a plan in its state, besides approving it; what helps most comes first. */
export function movesOf(run: Run): Move[] {
  const begun = (run.steps ?? []).filter((s) => s.begun_at).map((s) => s.action);
  const changed = undone(run, begun).length > 0;
  switch (run.state) {
    case "drafted":
      return ["cancel"];
    case "approved":
      return ["apply", "cancel"];
    case "applying":
      return ["pause"];
    case "paused":
      return changed ? ["apply", "revert", "cancel"] : ["apply", "cancel"];
    case "done":
    case "failed":
      return changed ? ["revert"] : [];
    default:
      return [];
  }
}
