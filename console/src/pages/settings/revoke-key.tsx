import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { revokeKey, type Key } from "../../api/manage";
import { useNotices } from "../../app/notices";
import { useText } from "../../text";

/** Asks whether a key is to stop working. */
export function RevokeKey({ of: key, onClose }: { of: Key; onClose: () => void }) {
  const text = useText();
  const t = text.settings;
  const client = useQueryClient();
  const { notify, fail } = useNotices();
  const revoke = useMutation({
    mutationFn: () => revokeKey(key.id),
    onSuccess: () => {
      notify({ type: "success", header: t.keyRevoked(key.name) });
      return client.invalidateQueries({ queryKey: ["keys"] });
    },
    onError: (error) => fail(t.keyFailed, error),
    onSettled: onClose,
  });
  return (
    <Modal
      visible
      header={t.revokeTitle}
      closeAriaLabel={text.common.close}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {text.common.cancel}
            </Button>
            <Button variant="primary" loading={revoke.isPending} onClick={() => revoke.mutate()}>
              {t.revoke}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {t.revokeText(key.name)}
    </Modal>
  );
}
