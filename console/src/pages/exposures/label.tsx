import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Label, maxLabelled, updateFindings } from "../../api/hub";
import { useNotices } from "../../app/notices";
import { Dialog } from "../../parts/dialog";
import { useDescribe } from "../../parts/problems";
import { useFormats, useText } from "../../text";
import { findingsKey } from "./requests";

/** What a dialog needs to know of a finding. */
export interface Labelled {
  metadata: { uid: string };
}

interface Props {
  findings: Labelled[];
  onClose: () => void;
  onDone?: () => void;
}

const statuses: Record<string, number> = { New: 1, "In Progress": 2, Suppressed: 3, Resolved: 4, Archived: 5 };
const severities: Record<string, number> = { Critical: 5, High: 4, Medium: 3, Low: 2, Informational: 1 };
const maxComment = 512;

/** Sets status, severity and comment of findings. */
export function LabelDialog({ findings, onClose, onDone }: Props) {
  const describe = useDescribe();
  const text = useText();
  const formats = useFormats();
  const client = useQueryClient();
  const { notify } = useNotices();
  const [status, setStatus] = useState("");
  const [severity, setSeverity] = useState("");
  const [comment, setComment] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const t = text.label;

  const submit = async () => {
    const label: Label = {
      ...(status ? { StatusId: statuses[status] ?? 0 } : {}),
      ...(severity ? { SeverityId: severities[severity] ?? 0 } : {}),
      ...(comment.trim() ? { Comment: comment.trim() } : {}),
    };
    if (Object.keys(label).length === 0) {
      setProblem(t.nothing);
      return;
    }
    setBusy(true);
    const ids = findings.map((f) => f.metadata.uid);
    try {
      const left = [];
      for (let i = 0; i < ids.length; i += maxLabelled) {
        left.push(...(await updateFindings(ids.slice(i, i + maxLabelled), label)).UnprocessedFindings);
      }
      const done = ids.length - left.length;
      if (left.length > 0) {
        notify({ type: "warning", header: t.partly(left.length, formats.number(left.length)), content: left[0]?.ErrorMessage });
      }
      if (done > 0) {
        notify({ type: "success", header: t.done(done, formats.number(done)) });
      }
      await client.invalidateQueries({ queryKey: [findingsKey] });
      onDone?.();
      onClose();
    } catch (error) {
      setProblem(describe(error));
      setBusy(false);
    }
  };

  return (
    <Dialog
      title={t.title(findings.length, formats.number(findings.length))}
      action={t.submit}
      busy={busy}
      onAction={() => void submit()}
      onClose={onClose}
    >
      <SpaceBetween size="m">
        {problem && (
          <Alert type="error" header={t.failed}>
            {problem}
          </Alert>
        )}
        <Choice label={t.status} names={text.statuses} values={Object.keys(statuses)} value={status} onChange={setStatus} />
        <Choice label={t.severity} names={text.severities} values={Object.keys(severities)} value={severity} onChange={setSeverity} />
        <FormField label={t.comment} constraintText={t.commentHint}>
          <Textarea value={comment} rows={3} onChange={(e) => setComment(e.detail.value.slice(0, maxComment))} />
        </FormField>
        <Box color="text-body-secondary" fontSize="body-s">
          {t.sticks}
        </Box>
      </SpaceBetween>
    </Dialog>
  );
}

interface ChoiceProps {
  label: string;
  names: Record<string, string>;
  values: string[];
  value: string;
  onChange: (value: string) => void;
}

function Choice({ label, names, values, value, onChange }: ChoiceProps) {
  const keep = useText().label.keep;
  const options = [{ value: "", label: keep }, ...values.map((v) => ({ value: v, label: names[v] ?? v }))];
  return (
    <FormField label={label}>
      <Select
        selectedOption={options.find((o) => o.value === value) ?? null}
        options={options}
        onChange={(e) => onChange(e.detail.selectedOption.value ?? "")}
      />
    </FormField>
  );
}
