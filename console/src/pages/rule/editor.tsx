import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useState } from "react";
import { useNavigate } from "react-router";
import type { RuleDraft } from "../../api/rules";
import { useSession } from "../../app/session";
import { useText } from "../../text";
import { useRuleChanges } from "../automations/changes";
import { Action, setsSomething } from "./action";
import { Criteria } from "./criteria";
import { Preview } from "./preview";

/** The form of a rule, with what it meets as it is edited. */
export function Editor({ title, id, initial }: { title: string; id?: string | undefined; initial: RuleDraft }) {
  const text = useText();
  const t = text.rule;
  const navigate = useNavigate();
  const { may } = useSession();
  const { save } = useRuleChanges();
  const [draft, setDraft] = useState<RuleDraft>(pick(initial));
  const [order, setOrder] = useState(String(initial.RuleOrder));
  const [tried, setTried] = useState(false);
  const change = (part: Partial<RuleDraft>) => setDraft((old) => ({ ...old, ...part }));
  const number = Number(order);
  const action = draft.Actions[0] ?? { Type: "FINDING_FIELDS_UPDATE" as const };
  const wrong = {
    name: draft.RuleName.trim() === "" && t.required,
    description: draft.Description.trim() === "" && t.required,
    order: !(number >= 1 && number <= 1000) && t.orderInvalid,
    criteria: (draft.Criteria.OcsfFindingCriteria.CompositeFilters?.length ?? 0) === 0 && t.noConditions,
    action: !setsSomething(action) && t.setsNothing,
  };
  const error = (text: string | false) => (tried && text) || "";
  const submit = () => {
    setTried(true);
    if (!Object.values(wrong).some(Boolean)) {
      save.mutate({ id, draft: { ...draft, RuleOrder: number } }, { onSuccess: () => void navigate("/automations") });
    }
  };
  const admin = may("admin");
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        submit();
      }}
    >
      <Form
        header={<Header variant="h1">{title}</Header>}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={() => void navigate("/automations")}>
              {text.common.cancel}
            </Button>
            <Button
              variant="primary"
              loading={save.isPending}
              disabled={!admin}
              disabledReason={admin ? undefined : text.automations.needs}
            >
              {t.save}
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <Container header={<Header variant="h2">{t.basics}</Header>}>
            <SpaceBetween size="m">
              <FormField label={text.automations.name} errorText={error(wrong.name)}>
                <Input value={draft.RuleName} onChange={(e) => change({ RuleName: e.detail.value })} ariaRequired />
              </FormField>
              <FormField label={t.description} errorText={error(wrong.description)}>
                <Input value={draft.Description} onChange={(e) => change({ Description: e.detail.value })} ariaRequired />
              </FormField>
              <FormField label={text.automations.order} description={t.orderHint} errorText={error(wrong.order)}>
                <Input type="number" inputMode="numeric" value={order} onChange={(e) => setOrder(e.detail.value)} />
              </FormField>
              <Toggle
                checked={draft.RuleStatus === "ENABLED"}
                onChange={(e) => change({ RuleStatus: e.detail.checked ? "ENABLED" : "DISABLED" })}
              >
                {t.enabled}
              </Toggle>
            </SpaceBetween>
          </Container>
          <Criteria
            initial={initial.Criteria.OcsfFindingCriteria}
            error={error(wrong.criteria)}
            onChange={(filters) => change({ Criteria: { OcsfFindingCriteria: filters } })}
          />
          <Preview filters={draft.Criteria.OcsfFindingCriteria} />
          <Action action={action} error={error(wrong.action)} onChange={(a) => change({ Actions: [a] })} />
        </SpaceBetween>
      </Form>
    </form>
  );
}

/** The members of a rule that are written; the others are the server's. */
const pick = ({ RuleName, Description, RuleOrder, RuleStatus, Criteria, Actions }: RuleDraft): RuleDraft => ({
  RuleName,
  Description,
  RuleOrder,
  RuleStatus,
  Criteria,
  Actions,
});
