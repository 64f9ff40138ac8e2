import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";
import type { Schemas } from "../../api/native";
import { draftFleetPlan } from "../../api/plans";
import { severities } from "../../api/trends";
import { useNotices } from "../../app/notices";
import { useSession } from "../../app/session";
import { fleetPlanAddress } from "../../parts/addresses";
import { DraftFields, parts, useDraft } from "../../parts/draft-fields";
import { DraftProgress } from "../../parts/drafting";
import type { FixStep } from "../../parts/fix-steps";
import { plansKey, useDrafting } from "../../parts/plans";
import { useDescribe } from "../../parts/problems";
import { useText } from "../../text";
import { useSaid } from "../../text/said-in";
import type { Wanted } from "./goal";

interface Props {
  step: FixStep | undefined;
  goal: Wanted;
  /** What can be planned about the step's topic; nothing where it is done by hand. */
  topic: Schemas["PlanTopic"] | undefined;
  /** How many clusters a further wave has where nobody says. */
  batch: number;
}

/** The change that was chosen: how it is done, in which waves, and the button that drafts it. */
export function Change({ step, topic, ...rest }: Props) {
  const said = useSaid();
  const t = useText().newFleet;
  return (
    <Container header={<Header variant="h2">{step ? said(step.title) : t.what}</Header>}>
      {!step ? (
        <Box color="text-body-secondary">{t.whatNone}</Box>
      ) : !topic?.offers?.length ? (
        <Alert type="info">{t.whatByHand}</Alert>
      ) : (
        <Form topic={topic} {...rest} />
      )}
    </Container>
  );
}

/** The severities that a plan is for: those that were chosen, or all above the goal. */
function meant(goal: Wanted) {
  const above = severities.findIndex((s) => s.toLowerCase() === goal.wish);
  return severities.filter((s, i) => (goal.severity.length > 0 ? goal.severity.includes(s.toLowerCase()) : above < 0 || i < above));
}

function Form({ topic, goal, batch: usual }: { topic: Schemas["PlanTopic"]; goal: Wanted; batch: number }) {
  const describe = useDescribe();
  const text = useText();
  const t = text.newFleet;
  const said = useSaid();
  const { may, user } = useSession();
  const { notify, fail } = useNotices();
  const navigate = useNavigate();
  const client = useQueryClient();
  const offers = topic.offers ?? [];
  const choice = useDraft(offers);
  const [only, setOnly] = useState("");
  const [canaries, setCanaries] = useState("");
  const [batch, setBatch] = useState(String(usual));
  const [tried, setTried] = useState(false);
  const named = topic.clusters_named ?? false;
  const lacks = named && parts(only).length === 0;
  const wrong = !/^[1-9]\d*$/.test(batch);
  // Whoever went to another page meanwhile is told there.
  const here = useRef(false);
  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);
  const draft = useMutation({
    mutationFn: draftFleetPlan,
    onSuccess: async (fleet) => {
      const open = () => navigate(fleetPlanAddress(fleet.id));
      await client.invalidateQueries({ queryKey: [plansKey] });
      if (here.current) {
        await open();
        return;
      }
      const action = <Button onClick={() => void open()}>{t.open}</Button>;
      notify({ type: "success", header: t.drafted, content: said(fleet.title), action });
    },
    onError: (error) => !here.current && fail(t.failed, error),
  });
  const drafting = useDrafting(draft.isPending).find((d) => d.author === user.id && d.trait === topic.id);
  const submit = () => {
    setTried(true);
    const values = choice.take();
    if (!values || lacks || wrong) {
      return;
    }
    draft.mutate({
      topic: topic.id,
      option: choice.option,
      ...values,
      wish: goal.wish,
      severities: meant(goal),
      accounts: goal.account,
      regions: goal.region,
      clusters: parts(only),
      canaries: parts(canaries),
      batch: Number(batch),
    });
  };
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        submit();
      }}
    >
      <SpaceBetween size="l">
        {draft.error && (
          <Alert type="error" header={t.failed}>
            {describe(draft.error)}
          </Alert>
        )}
        <DraftFields draft={choice} offers={offers} />
        <ColumnLayout columns={3}>
          <FormField
            label={named ? t.only : t.optional(t.only)}
            constraintText={named ? t.onlyNeeded : t.onlyHint}
            errorText={tried && lacks ? text.draft.required : ""}
            stretch
          >
            <Textarea value={only} rows={2} spellcheck={false} onChange={(e) => setOnly(e.detail.value)} />
          </FormField>
          <FormField label={t.optional(t.canaries)} constraintText={t.canariesHint} stretch>
            <Textarea value={canaries} rows={2} spellcheck={false} onChange={(e) => setCanaries(e.detail.value)} />
          </FormField>
          <FormField label={t.batch} errorText={tried && wrong ? t.batchWrong : ""} stretch>
            <Input value={batch} inputMode="numeric" autoComplete={false} onChange={(e) => setBatch(e.detail.value)} />
          </FormField>
        </ColumnLayout>
        <SpaceBetween size="xs">
          {drafting ? <DraftProgress draft={drafting} /> : <Box color="text-body-secondary">{t.working}</Box>}
          {draft.isPending && <Box color="text-body-secondary">{t.stay}</Box>}
          <Button
            variant="primary"
            loading={draft.isPending}
            disabled={!may("operator")}
            disabledReason={text.common.needsRole(text.roles.operator)}
          >
            {t.submit}
          </Button>
        </SpaceBetween>
      </SpaceBetween>
    </form>
  );
}
