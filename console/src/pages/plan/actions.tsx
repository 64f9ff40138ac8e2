import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import type { Schemas } from "../../api/native";
import type { Run } from "../../api/plans";
import { State } from "../../parts/state";
import { useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { diff, type Line } from "./diff";
import { Progress } from "./progress";

type Action = Schemas["PlanAction"];

/** The actions in their order, what each changes, and how far it is; then what was taken back. */
export function Actions({ run }: { run: Run }) {
  const said = useSaid();
  const t = useText().plan;
  const actions = run.plan.actions ?? [];
  const begun = run.state !== "drafted" && run.state !== "approved";
  return (
    <>
      <Container
        header={
          <Header variant="h2" description={t.actionsText}>
            {t.actions}
          </Header>
        }
      >
        <ol className="plan-actions">
          {actions.map((a, i) => {
            const step = run.steps?.find((s) => s.action === i);
            return (
              <li key={`${i} ${a.title}`}>
                <div className="spread">
                  <Box variant="h3">{said(a.title)}</Box>
                  {begun && step && <Progress step={step} state={run.state} />}
                </div>
                <Difference lines={diff(a.from, a.to)} label={t.change(said(a.title))} />
                <Terms action={a} />
              </li>
            );
          })}
        </ol>
      </Container>
      {(run.back ?? []).length > 0 && (
        <Container
          header={
            <Header variant="h2" description={t.backText}>
              {t.back}
            </Header>
          }
        >
          <ol className="plan-actions">
            {(run.back ?? []).map((s) => {
              const a = actions[s.action];
              return (
                a && (
                  <li key={s.token}>
                    <div className="spread">
                      <Box variant="h3">{t.takeBack(said(a.title))}</Box>
                      <Progress step={s} state={run.state} />
                    </div>
                    <Difference lines={diff(a.to, a.from)} label={t.change(t.takeBack(said(a.title)))} />
                  </li>
                )
              );
            })}
          </ol>
        </Container>
      )}
    </>
  );
}

const kinds: Record<Line["sign"], string> = { "-": "diff-old", "+": "diff-new", " ": "" };

/** What there was and what there will be, as a difference. */
function Difference({ lines, label }: { lines: Line[]; label: string }) {
  return (
    <pre className="diff" role="region" aria-label={label}>
      {lines.map((l) => (
        <span key={`${l.sign}${l.text}`} className={kinds[l.sign]}>
          {`${l.sign} ${l.text}`}
        </span>
      ))}
    </pre>
  );
}

function Terms({ action }: { action: Action }) {
  const said = useSaid();
  const text = useText();
  const t = text.plan;
  const { target } = action;
  return (
    <ul className="plain plan-terms">
      {target.type !== "AWS::EKS::Cluster" && (
        <li>
          {t.target}: {target.name} ({text.path.types[target.type] ?? target.type})
        </li>
      )}
      <li>
        {t.risk}: {t.risks[action.risk]}
      </li>
      <li>
        {t.effect}: {t.effects[action.effect]}
      </li>
      <li>
        {action.irreversible ? (
          <State type="warning" sentence>{`${t.cannotUndo}: ${said(action.irreversible)}`}</State>
        ) : action.undo_limit ? (
          `${t.canUndo}: ${said(action.undo_limit)}`
        ) : (
          t.canUndo
        )}
      </li>
    </ul>
  );
}
