import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { getRule, previewRule, type RuleBrief } from "../../api/rules";
import { describe } from "../../parts/problems";
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
    <Confirm
      title={text.deleteTitle}
      action={text.delete}
      busy={remove.isPending}
      onClose={onClose}
      onConfirm={() => remove.mutate(rule, { onSettled: onClose })}
    >
      {text.deleteText(rule.RuleName)}
    </Confirm>
  );
}

/** Asks whether a rule is to label what is there, and says how much that is. */
export function ApplyRule({ rule, onClose }: Props) {
  const text = useText();
  const t = text.automations;
  const formats = useFormats();
  const { apply } = useRuleChanges();
  const met = useQuery({
    queryKey: ["rule-preview", rule.RuleId],
    queryFn: async ({ signal }) => previewRule((await getRule(rule.RuleId, signal)).Criteria.OcsfFindingCriteria, signal),
  });
  return (
    <Confirm
      title={t.applyTitle}
      action={text.common.apply}
      busy={apply.isPending}
      onClose={onClose}
      onConfirm={() => apply.mutate(rule, { onSettled: onClose })}
    >
      {met.error ? describe(met.error, text) : met.data ? t.applyText(formats.number(met.data.matches), met.data.matches) : <Spinner />}
    </Confirm>
  );
}

interface ConfirmProps {
  title: string;
  action: string;
  busy: boolean;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}

function Confirm({ title, action, busy, onConfirm, onClose, children }: ConfirmProps) {
  const text = useText();
  return (
    <Modal
      visible
      header={title}
      closeAriaLabel={text.common.close}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {text.common.cancel}
            </Button>
            <Button variant="primary" loading={busy} onClick={onConfirm}>
              {action}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {children}
    </Modal>
  );
}
