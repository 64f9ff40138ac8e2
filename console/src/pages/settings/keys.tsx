import Button from "@cloudscape-design/components/button";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { getKeys, type Key } from "../../api/manage";
import { ListTable } from "../../parts/list-table";
import { useFormats, useText } from "../../text";
import { NewKey } from "./new-key";
import { RevokeKey } from "./revoke-key";
import { State } from "../../parts/state";

/** The access keys: made, listed and revoked. */
export function Keys() {
  const text = useText();
  const formats = useFormats();
  const t = text.settings;
  const keys = useQuery({ queryKey: ["keys"], queryFn: ({ signal }) => getKeys(signal) });
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Key>();
  const create = (
    <Button variant="primary" onClick={() => setMaking(true)}>
      {t.createKey}
    </Button>
  );
  const scopeOf = (k: Key) => [...(k.scope.accounts ?? []), ...(k.scope.regions ?? []), ...(k.scope.clusters ?? [])];
  return (
    <>
      <ListTable<Key>
        title={t.keys}
        description={t.keysAbout}
        items={keys.data && (keys.data.items ?? [])}
        error={keys.error}
        retry={keys.refetch}
        actions={create}
        sort="name"
        search={(k) => `${k.name} ${k.id} ${k.role}`}
        searchLabel={t.searchKeys}
        empty={{ title: t.noKeys, action: create }}
        row={(k) => k.id}
        columns={[
          { id: "name", header: t.keyName, isRowHeader: true, sort: (k) => k.name, cell: (k) => k.name },
          { id: "id", header: t.keyId, cell: (k) => k.id },
          { id: "role", header: t.role, sort: (k) => k.role, cell: (k) => (text.roles as Record<string, string>)[k.role] ?? k.role },
          { id: "scope", header: t.scope, cell: (k) => formats.list(scopeOf(k)) || t.everything },
          { id: "created", header: t.created, sort: (k) => k.created, cell: (k) => formats.day(k.created) },
          { id: "used", header: t.lastUsed, sort: (k) => k.last_used, cell: (k) => (k.last_used ? formats.ago(k.last_used) : t.never) },
          {
            id: "state",
            header: t.state,
            sort: (k) => (k.revoked ? 1 : 0),
            cell: (k) =>
              k.revoked ? (
                <State type="stopped">{t.revoked}</State>
              ) : (
                <Button variant="inline-link" ariaLabel={`${t.revoke} ${k.name}`} onClick={() => setRevoking(k)}>
                  {t.revoke}
                </Button>
              ),
          },
        ]}
      />
      {making && <NewKey onClose={() => setMaking(false)} />}
      {revoking && <RevokeKey of={revoking} onClose={() => setRevoking(undefined)} />}
    </>
  );
}
