import type { Move, Run } from "../../api/plans";

/** What an approver accepts besides the checks: that something cannot be undone, or that the cluster is deleted. */
export const finality = ({ plan }: Run): string =>
  (plan.actions ?? []).some((a) => a.kind === "deletion") ? `delete ${plan.cluster.name}` : "irreversible";

/** Whether every action can be undone. */
export const reversible = ({ plan }: Run): boolean => (plan.actions ?? []).every((a) => !a.irreversible);

/** The checks of a plan that came to a verdict. */
export const checksWith = ({ plan }: Run, verdict: "passed" | "failed" | "unknown") =>
  (plan.checks ?? []).filter((c) => c.verdict === verdict);

/** What can be done with a plan in its state, besides approving it; what helps most comes first. */
export function movesOf(run: Run): Move[] {
  const begun = (run.steps ?? []).filter((s) => s.begun_at).map((s) => run.plan.actions?.[s.action]);
  const changed = begun.length > 0 && begun.every((a) => !a?.irreversible);
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
