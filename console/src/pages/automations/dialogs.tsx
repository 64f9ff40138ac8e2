import Spinner from "@cloudscape-design/components/spinner";
import { useQuery } from "@tanstack/react-query";
import { getRule, previewRule, type RuleBrief } from "../../api/rules";
import { Dialog } from "../../parts/dialog";
import { useDescribe } from "../../parts/problems";
import { useFormats, useText } from "../../text";
import { useRuleChanges } from "./changes";

interface Props {
  rule: RuleBrief;
  onClose: () => void;
}

/** Asks whether a rule is to go. */
export function DeleteRule({ rule, onClose }: Props) {
  const text = useText().automations;
  const { remove } = useRuleChanges();
  return (
    <Dialog
      title={text.deleteTitle}
      action={text.delete}
      busy={remove.isPending}
      onClose={onClose}
      onAction={() => remove.mutate(rule, { onSettled: onClose })}
    >
      {text.deleteText(rule.RuleName)}
    </Dialog>
  );
}

/** Asks whether a rule is to label what is there, and says how much that is. */
export function ApplyRule({ rule, onClose }: Props) {
  const describe = useDescribe();
  const text = useText();
  const t = text.automations;
  const formats = useFormats();
  const { apply } = useRuleChanges();
  const met = useQuery({
    queryKey: ["rule-preview", rule.RuleId],
    queryFn: async ({ signal }) => previewRule((await getRule(rule.RuleId, signal)).Criteria.OcsfFindingCriteria, signal),
  });
  return (
    <Dialog
      title={t.applyTitle}
      action={text.common.apply}
      busy={apply.isPending}
      onClose={onClose}
      onAction={() => apply.mutate(rule, { onSettled: onClose })}
    >
      {met.error ? describe(met.error) : met.data ? t.applyText(formats.number(met.data.matches), met.data.matches) : <Spinner />}
    </Dialog>
  );
}
