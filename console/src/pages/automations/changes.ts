import { useMutation, useQueryClient } from "@tanstack/react-query";
import { applyRule, createRule, deleteRule, updateRule, type RuleBrief, type RuleDraft } from "../../api/rules";
import { useNotices } from "../../app/notices";
import { useFormats, useText } from "../../text";

/** Gives ways to change rules, which tell how it went and have the lists read again. */
export function useRuleChanges() {
  const text = useText().automations;
  const formats = useFormats();
  const client = useQueryClient();
  const { notify, fail } = useNotices();
  const reread = () => client.invalidateQueries({ predicate: (q) => q.queryKey[0] === "rules" || q.queryKey[0] === "rule" });
  const done = (header: string, content?: string) => {
    notify({ type: "success", header, content }, "rule");
    return reread();
  };
  const onError = (error: unknown) => fail(text.failed, error);
  const toggle = useMutation({
    mutationFn: (r: RuleBrief) => updateRule(r.RuleId, { RuleStatus: r.RuleStatus === "ENABLED" ? "DISABLED" : "ENABLED" }),
    onSuccess: reread,
    onError,
  });
  const remove = useMutation({
    mutationFn: (r: RuleBrief) => deleteRule(r.RuleId),
    onSuccess: (_, r) => done(text.deleted(r.RuleName)),
    onError,
  });
  const apply = useMutation({
    mutationFn: (r: RuleBrief) => applyRule(r.RuleId),
    onSuccess: (a, r) => done(text.applied(r.RuleName), text.appliedText(formats.number(a.set), formats.number(a.kept))),
    onError,
  });
  const save = useMutation({
    mutationFn: ({ id, draft }: { id: string | undefined; draft: RuleDraft }): Promise<unknown> =>
      id ? updateRule(id, draft) : createRule(draft),
    onSuccess: (_, { draft }) => done(text.saved(draft.RuleName)),
    onError,
  });
  return { toggle: toggle.mutate, remove, apply, save };
}
