import type { PlanState } from "../../api/plans";
import { Choice } from "../../parts/choice";
import { useText } from "../../text";

/** Filters a list by how far its plans are. */
export function StateChoice() {
  const t = useText().plans;
  return (
    <Choice
      name="state"
      label={t.state}
      options={(Object.keys(t.states) as PlanState[]).map((value) => ({ value, label: t.states[value] }))}
    />
  );
}
