import type { Schemas } from "../../api/native";
import { vulnerabilityAddress } from "../../parts/addresses";
import { PageLink } from "../../parts/follow";
import { ListTable } from "../../parts/list-table";
import { Epss, Exploited, fixOf, VulnerabilitySeverity } from "../../parts/vulnerability-words";
import { useText } from "../../text";

type Match = Schemas["VulnMatch"];

const ranks = ["Unknown", "Negligible", "Low", "Medium", "High", "Critical"];

/** The vulnerabilities of an image, package by package. */
export function Matches({ image, loading }: { image: Schemas["InventoryImage"] | undefined; loading: boolean }) {
  const text = useText();
  const t = text.image;
  const layers = (image?.layers ?? []).map((l) => l.diff_id);
  const layer = (m: Match) => layers.indexOf(m.package.layer ?? "") + 1;
  return (
    <ListTable<Match>
      title={t.matches}
      items={loading ? undefined : (image?.matches ?? [])}
      sort="-severity"
      search={(m) => [m.id, ...(m.aliases ?? []), m.package.name].join(" ")}
      searchLabel={t.searchMatches}
      empty={{ title: t.noMatches }}
      row={(m) => `${m.id} ${m.package.name} ${m.package.version} ${m.package.path ?? ""}`}
      columns={[
        {
          id: "id",
          header: text.vulnerabilities.id,
          isRowHeader: true,
          sort: (m) => m.id,
          cell: (m) => <PageLink href={vulnerabilityAddress(m.id)}>{m.id}</PageLink>,
        },
        {
          id: "severity",
          header: text.vulnerabilities.severity,
          sort: (m) => ranks.indexOf(m.severity),
          cell: (m) => <VulnerabilitySeverity severity={m.severity} />,
        },
        { id: "package", header: t.package, sort: (m) => m.package.name, cell: (m) => `${m.package.name} ${m.package.version}` },
        { id: "fixed", header: t.fixed, cell: (m) => fixOf(m, t.noFix) },
        { id: "epss", header: text.vulnerabilities.epss, sort: (m) => m.epss?.score, cell: (m) => <Epss epss={m.epss} /> },
        {
          id: "exploit",
          header: text.vulnerabilities.exploit,
          sort: (m) => Number(m.kev ?? false) * 2 + Number(m.exploit ?? false),
          cell: (m) => <Exploited kev={m.kev} exploit={m.exploit} />,
        },
        { id: "layer", header: t.layer, sort: layer, cell: (m) => layer(m) || text.common.none },
      ]}
    />
  );
}
