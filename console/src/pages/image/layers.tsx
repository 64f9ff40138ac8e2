import Box from "@cloudscape-design/components/box";
import type { Schemas } from "../../api/native";
import { shortDigest } from "../../parts/addresses";
import { ListTable } from "../../parts/list-table";
import { useFormats, useText } from "../../text";

interface Row {
  number: number;
  layer: Schemas["InventoryLayer"];
  findings: number;
}

/** The layers of an image from the base up, with the vulnerabilities that each brought. */
export function Layers({ image, loading }: { image: Schemas["InventoryImage"] | undefined; loading: boolean }) {
  const text = useText();
  const formats = useFormats();
  const t = text.image;
  const rows = (image?.layers ?? []).map((layer, i) => ({
    number: i + 1,
    layer,
    findings: new Set((image?.matches ?? []).filter((m) => m.package.layer === layer.diff_id).map((m) => m.id)).size,
  }));
  return (
    <ListTable<Row>
      title={t.layers}
      description={t.layersAbout}
      items={loading ? undefined : rows}
      sort="number"
      search={(r) => `${r.layer.diff_id} ${r.layer.created_by ?? ""}`}
      searchLabel={t.layers}
      empty={{ title: t.noLayers }}
      row={(r) => String(r.number)}
      columns={[
        { id: "number", header: t.number, isRowHeader: true, sort: (r) => r.number, cell: (r) => r.number, width: 90 },
        { id: "made", header: t.madeBy, cell: (r) => <Box variant="code">{r.layer.created_by ?? shortDigest(r.layer.diff_id)}</Box> },
        { id: "size", header: t.size, sort: (r) => r.layer.size, cell: (r) => formats.bytes(r.layer.size) },
        { id: "findings", header: t.findings, sort: (r) => r.findings, cell: (r) => formats.number(r.findings) },
      ]}
    />
  );
}
