import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import type { Move, Run } from "../../api/plans";
import { useSession } from "../../app/session";
import { Dialog } from "../../parts/dialog";
import { PlanStatus } from "../../parts/plan-words";
import { useFormats, useText } from "../../text";
import { Approve } from "./approve";
import { checksWith, movesOf } from "./moves";
import { usePlanChanges } from "./queries";

/** What the plan is called, how far it is, and what can be done with it. */
export function Top({ run }: { run: Run }) {
  const text = useText();
  const t = text.plan;
  const { may } = useSession();
  const { move } = usePlanChanges(run.plan.id);
  const [asked, setAsked] = useState<Move | "approve">();
  const blocked = checksWith(run, "failed").length > 0;
  const off = { disabled: !may("approver"), disabledReason: t.needs };
  const words: Record<Move, string> = {
    apply: run.state === "paused" ? t.goOn : t.apply,
    pause: t.pause,
    cancel: t.cancel,
    revert: t.revert,
  };
  return (
    <>
      <Header
        variant="h1"
        description={t.next[run.state]}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            {movesOf(run).map((m) => (
              <Button
                key={m}
                variant={m === "apply" ? "primary" : "normal"}
                loading={move.isPending && move.variables === m}
                onClick={() => (m === "pause" ? move.mutate(m) : setAsked(m))}
                {...off}
              >
                {words[m]}
              </Button>
            ))}
            {run.state === "drafted" && (
              <Button
                variant="primary"
                onClick={() => setAsked("approve")}
                disabled={off.disabled || blocked}
                disabledReason={blocked ? t.blocked : off.disabledReason}
              >
                {t.approve}
              </Button>
            )}
          </SpaceBetween>
        }
      >
        <span className="title-row">
          {run.plan.title}
          <span aria-live="polite">
            <PlanStatus state={run.state} />
          </span>
        </span>
      </Header>
      {asked === "approve" && <Approve run={run} onClose={() => setAsked(undefined)} />}
      {asked !== undefined && asked !== "approve" && (
        <Ask
          run={run}
          move={asked}
          busy={move.isPending}
          onClose={() => setAsked(undefined)}
          onAction={() => move.mutate(asked, { onSettled: () => setAsked(undefined) })}
        />
      )}
    </>
  );
}

interface AskProps {
  run: Run;
  move: Move;
  busy: boolean;
  onClose: () => void;
  onAction: () => void;
}

/** Asks whether a plan shall move on, and says what that means. */
function Ask({ run, move, busy, onClose, onAction }: AskProps) {
  const t = useText().plan;
  const formats = useFormats();
  const count = (run.plan.actions ?? []).length;
  const [title, action, words] = {
    apply: [
      t.applyTitle,
      run.state === "paused" ? t.goOn : t.apply,
      `${t.applyText(formats.number(count), count, run.plan.cluster.name)} ${t.applyAfter}`,
    ],
    cancel: [t.cancelTitle, t.cancel, t.cancelText],
    revert: [t.revertTitle, t.revert, t.revertText],
    pause: [t.pause, t.pause, ""],
  }[move] as [string, string, string];
  return (
    <Dialog title={title} action={action} busy={busy} onClose={onClose} onAction={onAction}>
      {words}
    </Dialog>
  );
}
