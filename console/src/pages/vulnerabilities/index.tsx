import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getVulnerabilities, type Vulnerability } from "../../api/inventory";
import { Page } from "../../app/layout";
import { vulnerabilityAddress } from "../../parts/addresses";
import { Choice } from "../../parts/choice";
import { PageLink } from "../../parts/follow";
import { Empty, ProblemAlert } from "../../parts/problems";
import { Search } from "../../parts/search";
import { useUrl } from "../../parts/url";
import { Epss, Exploited, VulnerabilitySeverity } from "../../parts/vulnerability-words";
import { useFormats, useText, type Text } from "../../text";
import type { Formats } from "../../text/format";

const pageSize = 50;

function columns(text: Text, formats: Formats): TableProps.ColumnDefinition<Vulnerability>[] {
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

/** Every vulnerability, the furthest reaching first; searched, sorted and cut by the server. */
export default function Vulnerabilities() {
  const text = useText();
  const formats = useFormats();
  const t = text.vulnerabilities;
  const { get, set } = useUrl();
  const id = get("q");
  const asked = {
    sort: get("sort"),
    severity: get("severity"),
    kev: get("kev"),
    fixable: get("fixable"),
    running: get("running"),
    cursor: get("page"),
  };
  const list = useQuery({
    queryKey: ["vulnerabilities", id, asked],
    queryFn: ({ signal }) => getVulnerabilities({ ...asked, id, limit: pageSize }, signal),
    placeholderData: keepPreviousData,
  });
  const answers = [
    { value: "true", label: text.common.yes },
    { value: "false", label: text.common.no },
  ];
  const next = list.data?.next_cursor;
  return (
    <Page title={t.title} breadcrumbs={[]} contentType="table">
      {list.error ? (
        <ProblemAlert header={t.title} error={list.error} retry={list.refetch} />
      ) : (
        <Table
          variant="full-page"
          stickyHeader
          wrapLines
          items={list.data?.items ?? []}
          trackBy="id"
          columnDefinitions={columns(text, formats)}
          loading={list.isLoading}
          loadingText={text.common.loading}
          ariaLabels={{ tableLabel: t.title }}
          header={
            <Header variant="h1" counter={list.data && `(${formats.number(list.data.total)})`} description={t.about}>
              {t.title}
            </Header>
          }
          filter={
            <div className="filters">
              <Search value={id} label={t.search} onSearch={(q) => set({ q, page: undefined }, { replace: true })} />
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
            </div>
          }
          pagination={
            (next ?? asked.cursor) && (
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={!asked.cursor} onClick={() => set({ page: undefined })}>
                  {t.first}
                </Button>
                <Button disabled={!next} onClick={() => set({ page: next })}>
                  {t.next}
                </Button>
              </SpaceBetween>
            )
          }
          empty={
            id || Object.values(asked).some(Boolean) ? (
              <Empty title={text.lists.noMatch} />
            ) : (
              <Empty title={t.emptyTitle}>{t.emptyText}</Empty>
            )
          }
        />
      )}
    </Page>
  );
}
