import { useQuery } from "@tanstack/react-query";
import { coverageQuery, placesQuery } from "../../parts/fleet";
import { PageLink } from "../../parts/follow";
import { ListTable } from "../../parts/list-table";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";

interface Row {
  account: string;
  name: string;
  region: string;
  clusters: number;
  problem: string;
}

/** The places that were looked at: those with clusters, and those that could not be listed. */
export function Accounts() {
  const said = useSaid();
  const text = useText();
  const formats = useFormats();
  const t = text.settings;
  const coverage = useQuery(coverageQuery);
  const places = useQuery(placesQuery);
  const rows = new Map<string, Row>(
    (places.data?.items ?? []).map(({ account, account_name, region, clusters }) => [
      `${account} ${region}`,
      { account, name: account_name ?? "", region, clusters, problem: "" },
    ]),
  );
  const names = new Map([...rows.values()].map((r) => [r.account, r.name]));
  for (const p of coverage.data?.places ?? []) {
    const row = {
      account: p.account,
      name: names.get(p.account) ?? "",
      region: p.region ?? "",
      clusters: 0,
      problem: p.disabled ? t.off : p.detail,
    };
    rows.set(`${p.account} ${p.region ?? ""}`, row);
  }
  const c = coverage.data;
  return (
    <ListTable<Row>
      title={t.accounts}
      description={c?.discovered_at && t.accountsAbout(formats.number(c.accounts), formats.number(c.regions), formats.ago(c.discovered_at))}
      items={c && places.data && [...rows.values()]}
      error={coverage.error ?? places.error}
      retry={() => Promise.all([coverage.refetch(), places.refetch()])}
      sort="account"
      search={(r) => Object.values(r).join(" ")}
      searchLabel={t.searchAccounts}
      empty={{ title: t.noAccounts, text: t.noAccountsText }}
      row={(r) => `${r.account} ${r.region}`}
      columns={[
        {
          id: "account",
          header: t.account,
          isRowHeader: true,
          minWidth: 280,
          sort: (r) => `${r.account} ${r.region}`,
          cell: (r) => (r.name ? `${r.name} (${r.account})` : r.account),
        },
        { id: "region", header: t.region, minWidth: 150, sort: (r) => r.region, cell: (r) => r.region || text.common.all },
        {
          id: "clusters",
          header: t.clusters,
          sort: (r) => r.clusters,
          cell: (r) =>
            r.clusters > 0 ? (
              <PageLink
                href={`/clusters?account=${r.account}&region=${r.region}`}
                ariaLabel={`${formats.number(r.clusters)} ${t.clusters}, ${r.account} ${r.region}`}
              >
                {formats.number(r.clusters)}
              </PageLink>
            ) : (
              formats.number(0)
            ),
        },
        { id: "problem", header: t.problem, sort: (r) => r.problem || undefined, cell: (r) => said(r.problem) || text.common.none },
      ]}
    />
  );
}
