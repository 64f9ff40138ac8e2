import Alert from "@cloudscape-design/components/alert";
import type { Run } from "../../api/plans";
import { checksWith } from "../../parts/plans";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";

/** Why a plan does not go on, what it waits for, and what the scan said in the end. */
export function Outcome({ run }: { run: Run }) {
  const said = useSaid();
  const text = useText();
  const t = text.plan;
  const formats = useFormats();
  const failed = checksWith(run, "failed");
  const { verified } = run;
  const word = (severity: string) => (severity ? (text.severities[severity] ?? severity) : t.resolved);
  return (
    <>
      {run.state === "drafted" && failed.length > 0 && (
        <Alert type="error" header={t.blocked}>
          {t.blockedText(formats.list(failed.map((c) => said(c.name))))}
        </Alert>
      )}
      {run.problem && (
        <Alert type={run.working ? "info" : "error"} header={run.working ? t.waits : t.stopped}>
          {said(run.problem)}
        </Alert>
      )}
      {verified && !run.working && (
        <Alert type={run.state === "done" ? "success" : "info"} header={t.verified}>
          {[
            t.verifiedAt(formats.time(verified.at)),
            t.outcomes[verified.trait],
            t.severityIs(word(verified.severity), word(run.plan.severity_before)),
          ].join(" ")}
          {(verified.evidence ?? []).length > 0 && (
            <ul>
              {(verified.evidence ?? []).map((e) => (
                <li key={e}>{said(e)}</li>
              ))}
            </ul>
          )}
        </Alert>
      )}
    </>
  );
}
