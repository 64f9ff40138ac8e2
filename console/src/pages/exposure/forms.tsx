import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { Schemas } from "../../api/native";
import { Code } from "../../parts/code";
import { Written } from "../../parts/markdown";
import { useStored } from "../../parts/stored";
import { useText } from "../../text";
import { useSaid } from "../../text/said-in";

const explainedForm = "explained";

/** One way of fixing a topic: its risk and way back, and the steps in the tool that is chosen. */
export function OptionForms({ option, explained }: { option: Schemas["OptionGuidance"]; explained: string | undefined }) {
  const said = useSaid();
  const text = useText();
  const t = text.remediation;
  const [chosen, setChosen] = useStored("guidance.form", "aws-cli");
  const forms = option.forms ?? [];
  const word = (w: string) => t.words[w] ?? w;
  const choices = [...forms.map((f) => ({ id: f.form, text: f.title })), ...(explained ? [{ id: explainedForm, text: t.explained }] : [])];
  const current = choices.some((c) => c.id === chosen) ? chosen : (choices[0]?.id ?? explainedForm);
  const form = forms.find((f) => f.form === current);
  return (
    <SpaceBetween size="m">
      <KeyValuePairs
        columns={3}
        items={[
          { label: t.risk, value: word(option.risk) },
          { label: t.effect, value: word(option.effect) },
          {
            label: t.reversible,
            value: (
              <>
                {word(option.reversibility)} (
                <Link href={option.source} external externalIconAriaLabel={text.common.opensInNewTab}>
                  {t.why}
                </Link>
                ){option.limit && <Box color="text-body-secondary">{said(option.limit)}</Box>}
              </>
            ),
          },
        ]}
      />
      <SegmentedControl label={t.form} selectedId={current} options={choices} onChange={(e) => setChosen(e.detail.selectedId)} />
      {form ? <Steps form={form} /> : <Written>{explained ?? ""}</Written>}
    </SpaceBetween>
  );
}

function Steps({ form }: { form: Schemas["GuidanceInOne"] }) {
  const said = useSaid();
  const t = useText().remediation;
  return (
    <SpaceBetween size="m">
      {form.cannot && <Alert type="info">{said(form.cannot)}</Alert>}
      {form.placeholders && form.placeholders.length > 0 && (
        <Alert type="warning" header={t.placeholders}>
          <ul className="plain">
            {form.placeholders.map((p) => (
              <li key={p.name}>
                <Box variant="code">{`<${p.name}>`}</Box> {said(p.meaning)}
              </li>
            ))}
          </ul>
        </Alert>
      )}
      {form.steps && form.steps.length > 0 && (
        <ol className="guide-steps">
          {form.steps.map((s, i) => (
            <li key={`${i} ${s.text}`}>
              {s.back && <strong>{t.back}: </strong>}
              {said(s.text)}
              {s.code && <Code label={said(s.text)}>{s.code}</Code>}
            </li>
          ))}
        </ol>
      )}
      {form.notes && form.notes.length > 0 && (
        <div>
          <Box variant="awsui-key-label">{t.notes}</Box>
          <ul>
            {form.notes.map((n) => (
              <li key={n}>{said(n)}</li>
            ))}
          </ul>
        </div>
      )}
    </SpaceBetween>
  );
}
