import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState, type ReactNode } from "react";
import type { Move, PlanState } from "../api/plans";
import { useSession } from "../app/session";
import { useText } from "../text";
import { useSaid } from "../text/said-in";
import { Dialog } from "./dialog";
import { PlanStatus } from "./plan-words";

/** What a dialog asks before a plan moves on. */
export interface Question {
  title: string;
  text: string;
}

interface Props {
  title: string;
  state: PlanState;
  description: string | undefined;
  /** What can be done now, what helps most first. */
  moves: readonly (Move | "approve")[];
  /** What is asked before a move; one without a question is made at once. */
  questions: Partial<Record<Move, Question>>;
  busy: Move | undefined;
  onMove: (move: Move, done: () => void) => void;
  approve: (close: () => void) => ReactNode;
}

/** What a plan is called, how far it is, and what can be done with it. */
export function PlanTop({ title, state, description, moves, questions, busy, onMove, approve }: Props) {
  const said = useSaid();
  const t = useText().plan;
  const { may } = useSession();
  const [asked, setAsked] = useState<Move | "approve">();
  const off = { disabled: !may("approver"), disabledReason: t.needs };
  const close = () => setAsked(undefined);
  const words: Record<Move, string> = { apply: state === "paused" ? t.goOn : t.apply, pause: t.pause, cancel: t.cancel, revert: t.revert };
  const question = asked !== undefined && asked !== "approve" ? questions[asked] : undefined;
  const blocked = state === "drafted" && !moves.includes("approve");
  return (
    <div className="plan-top">
      <Box variant="h1">
        <span className="title-row">
          {said(title)}
          <span aria-live="polite">
            <PlanStatus state={state} />
          </span>
        </span>
      </Box>
      <SpaceBetween direction="horizontal" size="xs">
        {blocked && (
          <Button variant="primary" disabled disabledReason={t.blocked}>
            {t.approve}
          </Button>
        )}
        {moves.toReversed().map((m) =>
          m === "approve" ? (
            <Button key={m} variant="primary" onClick={() => setAsked(m)} {...off}>
              {t.approve}
            </Button>
          ) : (
            <Button
              key={m}
              variant={m === "apply" ? "primary" : "normal"}
              loading={busy === m}
              onClick={() => (questions[m] ? setAsked(m) : onMove(m, close))}
              {...off}
            >
              {words[m]}
            </Button>
          ),
        )}
      </SpaceBetween>
      {description && (
        <div className="plan-top-text">
          <Box color="text-body-secondary">{description}</Box>
        </div>
      )}
      {asked === "approve" && approve(close)}
      {asked !== undefined && asked !== "approve" && question && (
        <Dialog title={question.title} action={words[asked]} busy={busy === asked} onClose={close} onAction={() => onMove(asked, close)}>
          {question.text}
        </Dialog>
      )}
    </div>
  );
}
