import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { createKey } from "../../api/manage";
import type { Schemas } from "../../api/native";
import { Dialog } from "../../parts/dialog";
import { useDescribe } from "../../parts/problems";
import { useText } from "../../text";

const roles = ["viewer", "operator", "approver", "admin"] as const;
const words = (list: string) => list.split(/[\s,]+/).filter(Boolean);

/** Makes a key, and shows its secret once. */
export function NewKey({ onClose }: { onClose: () => void }) {
  const describe = useDescribe();
  const text = useText();
  const t = text.settings;
  const client = useQueryClient();
  const [form, setForm] = useState({ name: "", role: "viewer" as (typeof roles)[number], accounts: "", regions: "" });
  const [tried, setTried] = useState(false);
  const make = useMutation({ mutationFn: createKey, onSuccess: () => client.invalidateQueries({ queryKey: ["keys"] }) });
  const change = (part: Partial<typeof form>) => setForm((old) => ({ ...old, ...part }));
  const submit = () => {
    setTried(true);
    if (form.name.trim() === "") {
      return;
    }
    const scope: Schemas["AccessScope"] = form.role === "admin" ? {} : { accounts: words(form.accounts), regions: words(form.regions) };
    make.mutate({ name: form.name.trim(), role: form.role, scope });
  };
  if (make.data) {
    return <Made made={make.data} onClose={onClose} />;
  }
  const options = roles.map((value) => ({ value, label: text.roles[value], description: t.roleNames[value] ?? "" }));
  return (
    <Dialog title={t.createKey} action={t.createKey} form="new-key" busy={make.isPending} onClose={onClose}>
      <form
        id="new-key"
        onSubmit={(e) => {
          e.preventDefault();
          submit();
        }}
      >
        <SpaceBetween size="m">
          {make.error && <Alert type="error">{describe(make.error)}</Alert>}
          <FormField label={t.keyName} description={t.nameHint} errorText={tried && form.name.trim() === "" ? t.required : ""}>
            <Input value={form.name} onChange={(e) => change({ name: e.detail.value })} ariaRequired />
          </FormField>
          <FormField label={t.role} description={t.roleHint}>
            <Select
              options={options}
              selectedOption={options.find((o) => o.value === form.role) ?? null}
              onChange={(e) => change({ role: e.detail.selectedOption.value as (typeof roles)[number] })}
            />
          </FormField>
          {form.role === "admin" ? (
            <Box color="text-body-secondary">{t.adminScope}</Box>
          ) : (
            <>
              <FormField label={t.scopeLabel} description={t.scopeHint}>
                <Input value={form.accounts} onChange={(e) => change({ accounts: e.detail.value })} />
              </FormField>
              <FormField label={t.regionsLabel} description={t.regionsHint}>
                <Input value={form.regions} onChange={(e) => change({ regions: e.detail.value })} />
              </FormField>
            </>
          )}
        </SpaceBetween>
      </form>
    </Dialog>
  );
}

function Made({ made, onClose }: { made: Schemas["NewKey"]; onClose: () => void }) {
  const text = useText();
  const t = text.settings;
  const line = (label: string, value: string) => (
    <FormField label={label}>
      <CopyToClipboard
        variant="inline"
        textToCopy={value}
        textToDisplay={value}
        copyButtonAriaLabel={`${t.copy}: ${label}`}
        copySuccessText={t.copied}
        copyErrorText={t.copyFailed}
      />
    </FormField>
  );
  return (
    <Modal
      visible
      header={t.newKey}
      closeAriaLabel={text.common.close}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            {t.done}
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Alert type="warning">{t.secretOnce}</Alert>
        {line(t.keyId, made.id)}
        {line(t.secret, made.secret_access_key)}
      </SpaceBetween>
    </Modal>
  );
}
