import Box from "@cloudscape-design/components/box";
import type { Schemas } from "../../api/native";
import { imageAddress, shortRepository } from "../../parts/addresses";
import { PageLink } from "../../parts/follow";
import { ListTable } from "../../parts/list-table";
import { useFormats, useText } from "../../text";

type Workload = Schemas["InventoryWorkload"];

/** What runs in a cluster. */
export function Workloads({ snapshot }: { snapshot: Schemas["InventorySnapshot"] | undefined }) {
  const text = useText();
  const formats = useFormats();
  const t = text.cluster;
  return (
    <ListTable<Workload>
      title={t.workloads}
      items={snapshot && (snapshot.workloads ?? [])}
      sort="namespace"
      search={(w) => [w.namespace, w.kind, w.name, ...(w.containers ?? []).map((c) => c.reference)].join(" ")}
      searchLabel={t.searchWorkloads}
      empty={{ title: t.noWorkloads }}
      row={(w) => `${w.namespace}/${w.kind}/${w.name}`}
      columns={[
        { id: "namespace", header: t.namespace, sort: (w) => w.namespace, cell: (w) => w.namespace },
        { id: "name", header: t.workload, isRowHeader: true, sort: (w) => w.name, cell: (w) => w.name },
        { id: "kind", header: t.kind, sort: (w) => w.kind, cell: (w) => w.kind },
        { id: "pods", header: t.pods, sort: (w) => w.running, cell: (w) => formats.number(w.running) },
        {
          id: "images",
          header: t.containers,
          cell: (w) => (
            <>
              {(w.containers ?? []).map((c) => (
                <Box key={c.name}>
                  {c.digest ? <PageLink href={imageAddress(c.digest)}>{shortRepository(c.reference)}</PageLink> : c.reference}
                </Box>
              ))}
            </>
          ),
        },
      ]}
    />
  );
}
