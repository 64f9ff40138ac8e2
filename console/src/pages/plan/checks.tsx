import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import type { StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { Run } from "../../api/plans";
import { State } from "../../parts/state";
import { useText } from "../../text";
import { useSaid } from "../../text/said-in";

const signs: Record<"passed" | "failed" | "unknown", StatusIndicatorProps.Type> = {
  passed: "success",
  failed: "error",
  unknown: "warning",
};

/** What was looked at, and what it came to. */
export function Checks({ run }: { run: Run }) {
  const said = useSaid();
  const t = useText().plan;
  return (
    <Container
      header={
        <Header variant="h2" description={t.checksText}>
          {t.checks}
        </Header>
      }
    >
      <ul className="plain plan-checks">
        {(run.plan.checks ?? []).map((c) => (
          <li key={c.name}>
            <State type={signs[c.verdict]}>{t.verdicts[c.verdict]}</State>
            <strong>{said(c.name)}</strong>
            <span>{said(c.detail)}</span>
          </li>
        ))}
      </ul>
    </Container>
  );
}
