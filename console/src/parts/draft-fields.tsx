import Checkbox from "@cloudscape-design/components/checkbox";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import type { Schemas } from "../api/native";
import { useText } from "../text";
import { useSaid } from "../text/said-in";

type Offer = Schemas["RemediationOffer"];
type Ask = Schemas["RemediationAsk"];

/** Cuts a list that somebody typed, line by line or with commas. */
export const parts = (list: string) => list.split(/[\s,]+/).filter(Boolean);

/** What is chosen of some offers, what is typed for it, and what a request for a plan has of it. */
export function useDraft(offers: readonly Offer[]) {
  const [chosen, setOption] = useState("");
  const [values, setValues] = useState<Record<string, string>>({});
  const [tried, setTried] = useState(false);
  const offer = offers.find((o) => o.option === chosen) ?? offers[0];
  const asks = offer?.asks ?? [];
  const filled = (a: Ask) => (values[a.name] ?? "").trim() !== "";
  const lacking = (a: Ask) => a.required === true && !filled(a) && !asks.some((other) => other.name === a.unless && filled(other));
  const given = (a: Ask) => {
    const value = (values[a.name] ?? "").trim();
    return a.many ? parts(value) : a.number ? Number(value) : a.flag ? true : value;
  };
  return {
    option: offer?.option ?? "",
    setOption,
    asks,
    values,
    setValue: (name: string, value: string) => setValues((old) => ({ ...old, [name]: value })),
    missing: (a: Ask) => tried && lacking(a),
    /** Gives the choice; nothing, and says so at the fields, while a value is missing. */
    take: (): Partial<Schemas["PlanRequest"]> | undefined => {
      setTried(true);
      if (asks.some(lacking)) {
        return undefined;
      }
      return Object.fromEntries(asks.filter(filled).map((a) => [a.name, given(a)]));
    },
  };
}

export type Draft = ReturnType<typeof useDraft>;

interface Props {
  draft: Draft;
  offers: readonly Offer[];
  /** What a finding says besides of an option. */
  about?: (option: string) => string;
}

/** The options that there are, and fields for what the chosen one asks for. */
export function DraftFields({ draft, offers, about }: Props) {
  const said = useSaid();
  const t = useText().draft;
  return (
    <SpaceBetween size="m">
      <FormField label={t.option}>
        <RadioGroup
          value={draft.option}
          onChange={(e) => draft.setOption(e.detail.value)}
          items={offers.map((o) => {
            const description = about?.(o.option);
            return { value: o.option, label: said(o.title ?? o.option), ...(description && { description }) };
          })}
        />
      </FormField>
      {draft.asks.map((a) => (
        <Field
          key={a.name}
          option={draft.option}
          ask={a}
          value={draft.values[a.name] ?? ""}
          missing={draft.missing(a)}
          onChange={(value) => draft.setValue(a.name, value)}
        />
      ))}
    </SpaceBetween>
  );
}

interface FieldProps {
  option: string;
  ask: Ask;
  value: string;
  missing: boolean;
  onChange: (value: string) => void;
}

/** One value that an option asks for. */
function Field({ option, ask, value, missing, onChange }: FieldProps) {
  const said = useSaid();
  const t = useText().draft;
  // The same name means something else in some options.
  const words = (of: Record<string, string>) => of[`${option}.${ask.name}`] ?? of[ask.name];
  const title = words(t.asks) ?? said(ask.title);
  const hint = [words(t.hints), ask.many ? t.many : ""].filter(Boolean).join(" ");
  if (ask.flag) {
    return (
      <Checkbox checked={value !== ""} description={hint} onChange={(e) => onChange(e.detail.checked ? "true" : "")}>
        {title}
      </Checkbox>
    );
  }
  return (
    <FormField label={ask.required ? title : t.optional(title)} constraintText={hint} errorText={missing ? t.required : ""} stretch>
      {ask.many ? (
        <Textarea value={value} rows={3} spellcheck={false} onChange={(e) => onChange(e.detail.value)} />
      ) : (
        <Input value={value} spellcheck={false} autoComplete={false} onChange={(e) => onChange(e.detail.value)} />
      )}
    </FormField>
  );
}
