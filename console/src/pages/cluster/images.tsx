import type { Schemas } from "../../api/native";
import { imageAddress, shortDigest, shortRepository } from "../../parts/addresses";
import { PageLink } from "../../parts/follow";
import { ListTable } from "../../parts/list-table";
import { useFormats, useText } from "../../text";

type Image = Schemas["InventoryImage"];

const count = (image: Image, severity: string) =>
  new Set((image.matches ?? []).filter((m) => m.severity === severity).map((m) => m.id)).size;

/** The images of a cluster, with what is known to be wrong in them. */
export function Images({ snapshot }: { snapshot: Schemas["InventorySnapshot"] | undefined }) {
  const text = useText();
  const formats = useFormats();
  const t = text.images;
  return (
    <ListTable<Image>
      title={text.cluster.containers}
      items={snapshot && (snapshot.images ?? [])}
      sort="-critical"
      search={(i) => `${i.repository} ${i.digest} ${i.os?.name ?? ""}`}
      searchLabel={text.cluster.searchImages}
      empty={{ title: text.cluster.noImages }}
      row={(i) => i.digest}
      columns={[
        {
          id: "repository",
          header: t.repository,
          isRowHeader: true,
          sort: (i) => i.repository,
          cell: (i) => <PageLink href={imageAddress(i.digest)}>{`${shortRepository(i.repository)} ${shortDigest(i.digest)}`}</PageLink>,
        },
        { id: "os", header: t.os, sort: (i) => i.os?.name, cell: (i) => i.os?.name ?? text.common.none },
        { id: "age", header: t.age, sort: (i) => i.created_at, cell: (i) => formats.day(i.created_at) },
        { id: "critical", header: t.critical, sort: (i) => count(i, "Critical"), cell: (i) => formats.number(count(i, "Critical")) },
        { id: "high", header: t.high, sort: (i) => count(i, "High"), cell: (i) => formats.number(count(i, "High")) },
      ]}
    />
  );
}
