import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Checkbox from "@cloudscape-design/components/checkbox";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import type { Run } from "../../api/plans";
import { Dialog } from "../../parts/dialog";
import { describe } from "../../parts/problems";
import { useText } from "../../text";
import { checksWith, finality, reversible } from "./moves";
import { usePlanChanges } from "./queries";

/** Takes somebody's word for exactly one plan: what is not known is accepted one by one. */
export function Approve({ run, onClose }: { run: Run; onClose: () => void }) {
  const text = useText();
  const t = text.plan;
  const { approve } = usePlanChanges(run.plan.id);
  const [ticked, setTicked] = useState<string[]>([]);
  const [typed, setTyped] = useState("");
  const unknown = checksWith(run, "unknown");
  const final = !reversible(run);
  const { name } = run.plan.cluster;
  const ready = unknown.every((c) => ticked.includes(c.name)) && (!final || typed === name);
  const accept = final ? [...ticked, finality(run)] : ticked;
  return (
    <Dialog title={t.approveTitle} action={t.approve} form="approve-plan" busy={approve.isPending} disabled={!ready} onClose={onClose}>
      <form
        id="approve-plan"
        onSubmit={(e) => {
          e.preventDefault();
          if (ready) {
            approve.mutate({ hash: run.hash, accept }, { onSuccess: onClose });
          }
        }}
      >
        <SpaceBetween size="l">
          {approve.error && (
            <Alert type="error" header={t.failed}>
              {describe(approve.error, text)}
            </Alert>
          )}
          <div>
            {t.approveText}
            <Box variant="code" display="block">
              <span className="anywhere">{run.hash}</span>
            </Box>
          </div>
          <FormField label={unknown.length > 0 ? t.accept : t.acceptNothing} stretch>
            <SpaceBetween size="xs">
              {unknown.map((c) => (
                <Checkbox
                  key={c.name}
                  checked={ticked.includes(c.name)}
                  description={c.detail}
                  onChange={(e) => setTicked(e.detail.checked ? [...ticked, c.name] : ticked.filter((n) => n !== c.name))}
                >
                  {c.name}
                </Checkbox>
              ))}
            </SpaceBetween>
          </FormField>
          {final && (
            <Alert type="warning" header={t.irreversibleTitle}>
              <SpaceBetween size="s">
                {(run.plan.actions ?? []).flatMap((a) =>
                  a.irreversible ? [<div key={a.title}>{`${a.title}: ${a.irreversible}`}</div>] : [],
                )}
                <FormField label={t.confirm(name)}>
                  <Input value={typed} onChange={(e) => setTyped(e.detail.value)} autoComplete={false} spellcheck={false} />
                </FormField>
              </SpaceBetween>
            </Alert>
          )}
        </SpaceBetween>
      </form>
    </Dialog>
  );
}
