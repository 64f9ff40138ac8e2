import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { ReactNode } from "react";

/** A state with its sign, on one line unless it is a sentence. */
export function State({ type, sentence, children }: { type: StatusIndicatorProps.Type; sentence?: boolean; children: ReactNode }) {
  return (
    <span className={sentence ? "state" : "state state-word"}>
      <StatusIndicator type={type}>{children}</StatusIndicator>
    </span>
  );
}
