import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Checkbox from "@cloudscape-design/components/checkbox";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState, type ReactNode } from "react";
import { useText } from "../text";
import { useSaid } from "../text/said-in";
import { Dialog } from "./dialog";
import { useDescribe } from "./problems";

interface Props {
  title: string;
  intro: string;
  hash: string;
  /** What is not known, by the name under which it is accepted. */
  unknown: { name: string; detail: ReactNode }[];
  /** What cannot be undone, by the word that is typed to accept it. */
  final: { word: string; why: string[] }[];
  error: unknown;
  busy: boolean;
  onApprove: (accept: string[]) => void;
  onClose: () => void;
}

/** Takes somebody's word for exactly what has a hash: what is not known is accepted one by one, what cannot be undone is typed. */
export function Approval({ title, intro, hash, unknown, final, error, busy, onApprove, onClose }: Props) {
  const said = useSaid();
  const describe = useDescribe();
  const text = useText();
  const t = text.plan;
  const [ticked, setTicked] = useState<string[]>([]);
  const [typed, setTyped] = useState<Record<string, string>>({});
  const ready = unknown.every((c) => ticked.includes(c.name)) && final.every((f) => typed[f.word] === f.word);
  return (
    <Dialog title={title} action={t.approve} form="approve-plan" busy={busy} disabled={!ready} onClose={onClose}>
      <form
        id="approve-plan"
        onSubmit={(e) => {
          e.preventDefault();
          if (ready) {
            onApprove([...ticked, ...final.map((f) => f.word)]);
          }
        }}
      >
        <SpaceBetween size="l">
          {error !== null && (
            <Alert type="error" header={t.failed}>
              {describe(error)}
            </Alert>
          )}
          <div>
            {intro}
            <Box variant="code" display="block">
              <span className="anywhere">{hash}</span>
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
                  {said(c.name)}
                </Checkbox>
              ))}
            </SpaceBetween>
          </FormField>
          {final.length > 0 && (
            <Alert type="warning" header={t.irreversibleTitle}>
              <SpaceBetween size="s">
                {final.map(({ word, why }) => (
                  <SpaceBetween key={word} size="xs">
                    {why.map((w) => (
                      <div key={w}>{said(w)}</div>
                    ))}
                    <FormField label={t.confirm(word)}>
                      <Input
                        value={typed[word] ?? ""}
                        onChange={(e) => setTyped({ ...typed, [word]: e.detail.value })}
                        autoComplete={false}
                        spellcheck={false}
                      />
                    </FormField>
                  </SpaceBetween>
                ))}
              </SpaceBetween>
            </Alert>
          )}
        </SpaceBetween>
      </form>
    </Dialog>
  );
}
