import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import type { Schemas } from "../../api/native";
import { draftPlan } from "../../api/plans";
import { planAddress } from "../../parts/addresses";
import { Dialog } from "../../parts/dialog";
import { plansKey } from "../../parts/plans";
import { describe } from "../../parts/problems";
import { useText } from "../../text";

type Ask = Schemas["RemediationAsk"];

interface Props {
  finding: string;
  topic: Schemas["TopicGuide"];
  onClose: () => void;
}

const parts = (list: string) => list.split(/[\s,]+/).filter(Boolean);

/** Drafts a plan for a topic: an option, the values that it asks for, and then the plan's page. */
export function Draft({ finding, topic, onClose }: Props) {
  const text = useText();
  const t = text.draft;
  const navigate = useNavigate();
  const client = useQueryClient();
  const offers = topic.offers ?? [];
  const [option, setOption] = useState(offers[0]?.option ?? "");
  const [values, setValues] = useState<Record<string, string>>({});
  const [tried, setTried] = useState(false);
  const draft = useMutation({
    mutationFn: draftPlan,
    onSuccess: async (run) => {
      await client.invalidateQueries({ queryKey: [plansKey] });
      await navigate(planAddress(run.plan.id));
    },
  });
  const asks = offers.find((o) => o.option === option)?.asks ?? [];
  const filled = (a: Ask) => (values[a.name] ?? "").trim() !== "";
  const submit = () => {
    setTried(true);
    if (asks.some((a) => a.required && !filled(a))) {
      return;
    }
    const given = asks.filter(filled).map((a) => [a.name, a.many ? parts(values[a.name] ?? "") : (values[a.name] ?? "").trim()]);
    draft.mutate({ finding, topic: topic.id, option, ...(Object.fromEntries(given) as Partial<Schemas["PlanRequest"]>) });
  };
  return (
    <Dialog title={t.title(topic.title)} action={t.submit} form="draft-plan" busy={draft.isPending} onClose={onClose}>
      <form
        id="draft-plan"
        onSubmit={(e) => {
          e.preventDefault();
          submit();
        }}
      >
        <SpaceBetween size="m">
          {draft.error && (
            <Alert type="error" header={t.failed}>
              {describe(draft.error, text)}
            </Alert>
          )}
          <FormField label={t.option}>
            <RadioGroup
              value={option}
              onChange={(e) => setOption(e.detail.value)}
              items={offers.map((o) => {
                const has = topic.options?.find((one) => one.id === o.option);
                const after = has?.resolves ? text.plan.resolved : (text.severities[has?.severity_after ?? ""] ?? "");
                return { value: o.option, label: has?.title ?? topic.title, ...(after && { description: t.after(after) }) };
              })}
            />
          </FormField>
          {asks.map((a) => (
            <Field
              key={a.name}
              option={option}
              ask={a}
              value={values[a.name] ?? ""}
              missing={tried && a.required === true && !filled(a)}
              onChange={(value) => setValues((old) => ({ ...old, [a.name]: value }))}
            />
          ))}
          <Box color="text-body-secondary">{t.nothing}</Box>
        </SpaceBetween>
      </form>
    </Dialog>
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
  const t = useText().draft;
  // The same name means something else in some options.
  const words = (of: Record<string, string>) => of[`${option}.${ask.name}`] ?? of[ask.name];
  const title = words(t.asks) ?? ask.title;
  const hint = [words(t.hints), ask.many ? t.many : ""].filter(Boolean).join(" ");
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
