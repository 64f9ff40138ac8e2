import SplitPanel from "@cloudscape-design/components/split-panel";
import { lazy, Suspense } from "react";
import { clusterOf, type Finding } from "../../api/ocsf";
import { Waiting } from "../../parts/waiting";

const FindingView = lazy(async () => ({ default: (await import("../exposure/view")).FindingView }));

/** The finding that is selected, beside the list. */
export function FindingPanel({ finding }: { finding: Finding }) {
  return (
    <SplitPanel header={clusterOf(finding)?.name ?? finding.metadata.uid}>
      <Suspense fallback={<Waiting />}>
        <FindingView key={finding.metadata.uid} id={finding.metadata.uid} inPanel />
      </Suspense>
    </SplitPanel>
  );
}
