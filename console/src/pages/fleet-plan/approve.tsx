import type { FleetPlan } from "../../api/plans";
import { Approval } from "../../parts/approval";
import { finalities } from "../../parts/plans";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { useChanges } from "./queries";
import { unknownsOf } from "./unknowns";

/** Takes somebody's word for exactly one fleet plan, and so for every plan in it. */
export function Approve({ fleet, onClose }: { fleet: FleetPlan; onClose: () => void }) {
  const said = useSaid();
  const t = useText().fleet;
  const formats = useFormats();
  const { approve } = useChanges(fleet.id);
  return (
    <Approval
      title={t.approveTitle}
      intro={t.approveText}
      hash={fleet.hash}
      unknown={unknownsOf(fleet).map(({ name, details }) => ({
        name,
        detail: details.map((d) => (
          <div key={d.detail}>
            {said(d.detail)} ({t.inClusters(formats.list(d.clusters))})
          </div>
        )),
      }))}
      final={finalities(fleet.plans ?? [])}
      error={approve.error}
      busy={approve.isPending}
      onApprove={(accept) => approve.mutate({ hash: fleet.hash, accept }, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
