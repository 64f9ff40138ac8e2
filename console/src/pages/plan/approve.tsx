import type { Run } from "../../api/plans";
import { Approval } from "../../parts/approval";
import { checksWith, finalities } from "../../parts/plans";
import { useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { useChanges } from "./queries";

/** Takes somebody's word for exactly one plan. */
export function Approve({ run, onClose }: { run: Run; onClose: () => void }) {
  const said = useSaid();
  const t = useText().plan;
  const { approve } = useChanges(run.plan.id);
  return (
    <Approval
      title={t.approveTitle}
      intro={t.approveText}
      hash={run.hash}
      unknown={checksWith(run, "unknown").map((c) => ({ name: c.name, detail: said(c.detail) }))}
      final={finalities([run])}
      error={approve.error}
      busy={approve.isPending}
      onApprove={(accept) => approve.mutate({ hash: run.hash, accept }, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
