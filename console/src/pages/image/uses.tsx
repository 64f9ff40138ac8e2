import Box from "@cloudscape-design/components/box";
import type { Schemas } from "../../api/native";
import { clusterAddress } from "../../parts/addresses";
import { PageLink } from "../../parts/follow";
import { ListTable } from "../../parts/list-table";
import { useFormats, useText } from "../../text";

type Use = Schemas["InventoryImageUse"];

/** The clusters and workloads that name an image. */
export function Uses({ uses, error }: { uses: Use[] | undefined; error: unknown }) {
  const text = useText();
  const formats = useFormats();
  const t = text.image;
  return (
    <ListTable<Use>
      title={t.uses}
      items={uses}
      error={error}
      sort="cluster"
      search={(u) =>
        [u.cluster.name, u.cluster.account, u.cluster.region, ...(u.workloads ?? []).map((w) => `${w.namespace}/${w.name}`)].join(" ")
      }
      searchLabel={t.searchUses}
      empty={{ title: t.noUses }}
      row={(u) => clusterAddress(u.cluster)}
      columns={[
        {
          id: "cluster",
          header: t.cluster,
          isRowHeader: true,
          sort: (u) => u.cluster.name,
          cell: (u) => <PageLink href={clusterAddress(u.cluster)}>{u.cluster.name}</PageLink>,
        },
        { id: "account", header: text.lists.account, sort: (u) => u.cluster.account, cell: (u) => u.cluster.account },
        { id: "region", header: text.lists.region, sort: (u) => u.cluster.region, cell: (u) => u.cluster.region },
        {
          id: "workloads",
          header: t.workloads,
          cell: (u) =>
            (u.workloads ?? []).map((w) => <Box key={`${w.namespace}/${w.kind}/${w.name}`}>{`${w.namespace}/${w.name} (${w.kind})`}</Box>),
        },
        { id: "pods", header: text.cluster.pods, sort: (u) => u.running, cell: (u) => formats.number(u.running) },
        { id: "reference", header: t.reference, cell: (u) => u.reference },
      ]}
    />
  );
}
