import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import type { Vulnerability } from "../../api/inventory";
import { Page } from "../../app/layout";
import { vulnerabilityAddress } from "../../parts/addresses";
import { askedOf } from "../../parts/asked";
import { Choice } from "../../parts/choice";
import { PageLink } from "../../parts/follow";
import { PagedTable, type PagedColumn } from "../../parts/paged-table";
import { Epss, Exploited, VulnerabilitySeverity } from "../../parts/vulnerability-words";
import { useFormats, useText, type Text } from "../../text";
import type { Formats } from "../../text/format";
import { filterNames, vulnerabilityPage } from "./requests";

function columns(text: Text, formats: Formats): PagedColumn<Vulnerability>[] {
  const t = text.vulnerabilities;
  return [
    {
      id: "id",
      header: t.id,
      isRowHeader: true,
      minWidth: 150,
      cell: (v) => <PageLink href={vulnerabilityAddress(v.id)}>{v.id}</PageLink>,
    },
    { id: "severity", header: t.severity, cell: (v) => <VulnerabilitySeverity severity={v.severity} /> },
    { id: "clusters", header: t.clusters, cell: (v) => formats.number(v.clusters) },
    { id: "running", header: t.running, cell: (v) => formats.number(v.running) },
    { id: "images", header: t.images, cell: (v) => formats.number(v.images) },
    { id: "epss", header: t.epss, cell: (v) => <Epss epss={v.epss} /> },
    { id: "exploit", header: t.exploit, cell: (v) => <Exploited kev={v.kev} exploit={v.exploit} /> },
    { id: "fix", header: t.fix, cell: (v) => (v.fixable ? t.fixable : t.notFixable) },
    { id: "packages", header: t.packages, cell: (v) => formats.list(v.packages ?? []) },
  ];
}

/** No column is sorted by: what comes first is a filter. */
const unsorted = { by: [], usual: "" };

/** Every vulnerability, the furthest reaching first; searched, sorted and cut by the server. */
export default function Vulnerabilities() {
  const text = useText();
  const formats = useFormats();
  const t = text.vulnerabilities;
  const [params] = useSearchParams();
  const page = useQuery({ ...vulnerabilityPage(params), placeholderData: keepPreviousData });
  const answers = [
    { value: "true", label: text.common.yes },
    { value: "false", label: text.common.no },
  ];
  return (
    <Page title={t.title} breadcrumbs={[]} contentType="table">
      <PagedTable
        title={t.title}
        description={t.about}
        page={page.data}
        asked={askedOf(params, unsorted)}
        sorts={unsorted}
        columns={columns(text, formats)}
        searchLabel={t.search}
        row={(v) => v.id}
        error={page.error}
        retry={page.refetch}
        empty={{ title: t.emptyTitle, text: t.emptyText }}
        filterNames={[...filterNames]}
        filters={
          <>
            <Choice
              name="sort"
              label={t.sort}
              usual="reach"
              options={Object.entries(t.sorts).map(([value, label]) => ({ value, label }))}
            />
            <Choice name="severity" label={t.severity} options={Object.entries(t.levels).map(([value, label]) => ({ value, label }))} />
            <Choice name="kev" label={t.kev} options={answers} />
            <Choice
              name="fixable"
              label={t.fix}
              options={[
                { value: "true", label: t.fixable },
                { value: "false", label: t.notFixable },
              ]}
            />
            <Choice
              name="running"
              label={t.runs}
              options={[
                { value: "true", label: t.runsNow },
                { value: "false", label: t.runsNot },
              ]}
            />
          </>
        }
      />
    </Page>
  );
}
