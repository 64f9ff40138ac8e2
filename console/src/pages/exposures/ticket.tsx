import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { createTicket, listConnectors } from "../../api/hub";
import { useNotices } from "../../app/notices";
import { Dialog } from "../../parts/dialog";
import { Empty, ProblemAlert } from "../../parts/problems";
import { useText } from "../../text";

/** Opens a ticket for a finding in Jira or ServiceNow. */
export function TicketDialog({ finding, onClose }: { finding: string; onClose: () => void }) {
  const text = useText();
  const t = text.ticket;
  const { notify } = useNotices();
  const connectors = useQuery({ queryKey: ["connectors"], queryFn: ({ signal }) => listConnectors(signal) });
  const [chosen, setChosen] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const options = (connectors.data?.Connectors ?? []).map((c) => {
    const pending = c.ProviderSummary?.ConnectorStatus === "PENDING_CONFIGURATION";
    return {
      value: c.ConnectorId,
      label: c.Name,
      description: pending ? t.pending : (c.ProviderSummary?.ProviderName ?? ""),
      disabled: pending,
    };
  });
  const submit = async () => {
    setBusy(true);
    try {
      const { TicketId, TicketSrcUrl } = await createTicket(chosen, finding);
      notify({
        type: "success",
        header: t.done(TicketId),
        action: TicketSrcUrl && (
          <Button href={TicketSrcUrl} target="_blank" iconName="external" iconAlign="right">
            {t.open}
          </Button>
        ),
      });
      onClose();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t.title} action={t.submit} busy={busy} disabled={!chosen} onAction={() => void submit()} onClose={onClose}>
      <SpaceBetween size="m">
        {problem !== undefined && <ProblemAlert header={t.failed} error={problem} />}
        {connectors.error && <ProblemAlert header={t.listFailed} error={connectors.error} retry={connectors.refetch} />}
        {connectors.data && options.length === 0 ? (
          <Empty title={t.none}>{t.noneText}</Empty>
        ) : (
          <FormField label={t.connector}>
            <Select
              selectedOption={options.find((o) => o.value === chosen) ?? null}
              options={options}
              statusType={connectors.isPending ? "loading" : "finished"}
              onChange={(e) => setChosen(e.detail.selectedOption.value ?? "")}
            />
          </FormField>
        )}
      </SpaceBetween>
    </Dialog>
  );
}
