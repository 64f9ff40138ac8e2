import Badge, { type BadgeProps } from "@cloudscape-design/components/badge";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useText } from "../text";

const colors: Record<string, BadgeProps["color"]> = {
  Critical: "severity-critical",
  High: "severity-high",
  Medium: "severity-medium",
  Low: "severity-low",
  Informational: "severity-neutral",
};

/** A severity in its colour, by its name unless a label is given. */
export function SeverityBadge({ severity, label }: { severity: string; label?: string }) {
  const text = useText();
  return <Badge color={colors[severity] ?? "severity-neutral"}>{label ?? text.severities[severity] ?? severity}</Badge>;
}

const kinds: Record<string, StatusIndicatorProps.Type> = {
  New: "info",
  "In Progress": "in-progress",
  Suppressed: "stopped",
  Resolved: "success",
  Archived: "stopped",
};

/** A finding's status. */
export function Status({ status }: { status: string }) {
  const text = useText();
  return <StatusIndicator type={kinds[status] ?? "info"}>{text.statuses[status] ?? status}</StatusIndicator>;
}
