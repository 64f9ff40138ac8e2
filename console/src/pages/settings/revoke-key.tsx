import { useMutation, useQueryClient } from "@tanstack/react-query";
import { revokeKey, type Key } from "../../api/manage";
import { useNotices } from "../../app/notices";
import { Dialog } from "../../parts/dialog";
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
    <Dialog title={t.revokeTitle} action={t.revoke} busy={revoke.isPending} onAction={() => revoke.mutate()} onClose={onClose}>
      {t.revokeText(key.name)}
    </Dialog>
  );
}
