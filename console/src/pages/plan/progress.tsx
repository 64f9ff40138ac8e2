import Box from "@cloudscape-design/components/box";
import type { Schemas } from "../../api/native";
import type { PlanState } from "../../api/plans";
import { State } from "../../parts/state";
import { useFormats, useText } from "../../text";

/** How far one step is. */
export function Progress({ step, state }: { step: Schemas["RemediationStep"]; state: PlanState }) {
  const t = useText().plan;
  const formats = useFormats();
  const { begun_at: begun, held_at: held, update } = step;
  const sign = held ? "success" : !begun ? "pending" : state === "failed" ? "error" : "in-progress";
  const word = held
    ? begun
      ? t.steps.held
      : t.steps.was
    : !begun
      ? t.steps.waiting
      : state === "failed"
        ? t.steps.stopped
        : t.steps.begun;
  const when = held ? t.at(formats.time(held)) : begun ? t.since(formats.time(begun)) : "";
  return (
    <div className="plan-step">
      <State type={sign}>{word}</State>
      {(when || update) && (
        <Box color="text-body-secondary" fontSize="body-s">
          {[when, update ? t.update(update) : ""].filter(Boolean).join(" · ")}
        </Box>
      )}
    </div>
  );
}
