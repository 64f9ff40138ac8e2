import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import type { Schemas } from "../../api/native";
import { draftPlan } from "../../api/plans";
import { planAddress } from "../../parts/addresses";
import { Dialog } from "../../parts/dialog";
import { DraftFields, useDraft } from "../../parts/draft-fields";
import { plansKey } from "../../parts/plans";
import { useDescribe } from "../../parts/problems";
import { useText } from "../../text";
import { useSaid } from "../../text/said-in";

interface Props {
  finding: string;
  topic: Schemas["TopicGuide"];
  onClose: () => void;
}

/** Drafts a plan for a topic: an option, the values that it asks for, and then the plan's page. */
export function Draft({ finding, topic, onClose }: Props) {
  const said = useSaid();
  const describe = useDescribe();
  const text = useText();
  const t = text.draft;
  const navigate = useNavigate();
  const client = useQueryClient();
  const offers = topic.offers ?? [];
  const choice = useDraft(offers);
  const draft = useMutation({
    mutationFn: draftPlan,
    onSuccess: async (run) => {
      await client.invalidateQueries({ queryKey: [plansKey] });
      await navigate(planAddress(run.plan.id));
    },
  });
  const after = (option: string) => {
    const has = topic.options?.find((one) => one.id === option);
    const left = has?.resolves ? text.plan.resolved : (text.severities[has?.severity_after ?? ""] ?? "");
    return left && t.after(left);
  };
  return (
    <Dialog title={t.title(said(topic.title))} action={t.submit} form="draft-plan" busy={draft.isPending} onClose={onClose}>
      <form
        id="draft-plan"
        onSubmit={(e) => {
          e.preventDefault();
          const values = choice.take();
          if (values) {
            draft.mutate({ finding, topic: topic.id, option: choice.option, ...values });
          }
        }}
      >
        <SpaceBetween size="m">
          {draft.error && (
            <Alert type="error" header={t.failed}>
              {describe(draft.error)}
            </Alert>
          )}
          <DraftFields draft={choice} offers={offers} about={after} />
          <Box color="text-body-secondary">{t.nothing}</Box>
        </SpaceBetween>
      </form>
    </Dialog>
  );
}
