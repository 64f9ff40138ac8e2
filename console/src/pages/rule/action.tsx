import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { listConnectors } from "../../api/hub";
import type { RuleAction, RuleConnector } from "../../api/rules";
import { useText } from "../../text";

/** Reports whether an action does anything. */
export function setsSomething(a: RuleAction): boolean {
  if (a.Type === "EXTERNAL_INTEGRATION") {
    return Boolean(a.ExternalIntegrationConfiguration?.ConnectorArn);
  }
  const u = a.FindingFieldsUpdate ?? {};
  return u.SeverityId !== undefined || u.StatusId !== undefined || Boolean(u.Comment);
}

const severityIds: [string, number][] = [
  ["Critical", 5],
  ["High", 4],
  ["Medium", 3],
  ["Low", 2],
  ["Informational", 1],
];
const statusIds: [string, number][] = [
  ["New", 1],
  ["In Progress", 2],
  ["Suppressed", 3],
  ["Resolved", 4],
];

interface Props {
  action: RuleAction;
  error: string;
  onChange: (action: RuleAction) => void;
}

/** The one thing that a rule does. */
export function Action({ action, error, onChange }: Props) {
  const text = useText().rule;
  return (
    <Container header={<Header variant="h2">{text.action}</Header>}>
      <SpaceBetween size="m">
        <FormField label={text.does} errorText={error}>
          <RadioGroup
            value={action.Type}
            onChange={(e) =>
              onChange(
                e.detail.value === "EXTERNAL_INTEGRATION"
                  ? { Type: "EXTERNAL_INTEGRATION" }
                  : { Type: "FINDING_FIELDS_UPDATE", FindingFieldsUpdate: {} },
              )
            }
            items={[
              { value: "FINDING_FIELDS_UPDATE", label: text.setFields },
              { value: "EXTERNAL_INTEGRATION", label: text.openTicket },
            ]}
          />
        </FormField>
        {action.Type === "FINDING_FIELDS_UPDATE" ? (
          <Fields action={action} onChange={onChange} />
        ) : (
          <Ticket action={action} onChange={onChange} />
        )}
      </SpaceBetween>
    </Container>
  );
}

function Fields({ action, onChange }: Omit<Props, "error">) {
  const text = useText();
  const t = text.rule;
  const update = action.FindingFieldsUpdate ?? {};
  const change = (part: NonNullable<RuleAction["FindingFieldsUpdate"]>) =>
    onChange({ Type: "FINDING_FIELDS_UPDATE", FindingFieldsUpdate: { ...update, ...part } });
  const pick = (
    label: string,
    ids: [string, number][],
    words: Record<string, string>,
    value: number | undefined,
    set: (id: number | undefined) => void,
  ) => {
    const options = [{ value: "", label: t.leave }, ...ids.map(([name, id]) => ({ value: String(id), label: words[name] ?? name }))];
    return (
      <FormField label={label}>
        <Select
          options={options}
          selectedOption={options.find((o) => o.value === String(value ?? "")) ?? null}
          onChange={(e) => set(e.detail.selectedOption.value ? Number(e.detail.selectedOption.value) : undefined)}
        />
      </FormField>
    );
  };
  return (
    <ColumnLayout columns={3}>
      {pick(t.severity, severityIds, text.severities, update.SeverityId, (SeverityId) => change({ SeverityId }))}
      {pick(t.status, statusIds, text.statuses, update.StatusId, (StatusId) => change({ StatusId }))}
      <FormField label={t.comment}>
        <Input value={update.Comment ?? ""} onChange={(e) => change({ Comment: e.detail.value || undefined })} />
      </FormField>
    </ColumnLayout>
  );
}

function Ticket({ action, onChange }: Omit<Props, "error">) {
  const text = useText().rule;
  const connectors = useQuery({ queryKey: ["connectors"], queryFn: ({ signal }) => listConnectors(signal) });
  const options = ((connectors.data?.Connectors ?? []) as RuleConnector[]).map((c) => ({
    value: c.ConnectorArn ?? c.ConnectorId,
    label: c.Name,
  }));
  const arn = action.ExternalIntegrationConfiguration?.ConnectorArn;
  return (
    <FormField label={text.connector}>
      <Select
        options={options}
        selectedOption={options.find((o) => o.value === arn) ?? null}
        statusType={connectors.isLoading ? "loading" : "finished"}
        empty={text.noConnector}
        onChange={(e) =>
          onChange({
            Type: "EXTERNAL_INTEGRATION",
            ExternalIntegrationConfiguration: { ConnectorArn: e.detail.selectedOption.value ?? "" },
          })
        }
      />
    </FormField>
  );
}
