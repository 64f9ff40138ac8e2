import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getAuditLog } from "../../api/manage";
import { Empty, ProblemAlert } from "../../parts/problems";
import { useUrl } from "../../parts/url";
import { useFormats, useText } from "../../text";
import { State } from "../../parts/state";

/** What was changed or tried, newest first, page by page. */
export function Audit() {
  const text = useText();
  const formats = useFormats();
  const t = text.settings;
  const { get, set } = useUrl();
  const cursor = get("page");
  const log = useQuery({
    queryKey: ["audit", cursor],
    queryFn: ({ signal }) => getAuditLog({ limit: 50, cursor }, signal),
    placeholderData: keepPreviousData,
  });
  if (log.error) {
    return <ProblemAlert header={t.audit} error={log.error} retry={log.refetch} />;
  }
  const next = log.data?.next_cursor;
  return (
    <Table
      wrapLines
      items={log.data?.items ?? []}
      trackBy={(l) => String(l.number)}
      loading={log.isLoading}
      loadingText={text.common.loading}
      ariaLabels={{ tableLabel: t.audit }}
      header={
        <Header variant="h2" description={t.auditAbout}>
          {t.audit}
        </Header>
      }
      empty={<Empty title={t.noAudit} />}
      pagination={
        (next ?? cursor) && (
          <SpaceBetween direction="horizontal" size="xs">
            <Button disabled={!cursor} onClick={() => set({ page: undefined })}>
              {t.newest}
            </Button>
            <Button disabled={!next} onClick={() => set({ page: next })}>
              {t.older}
            </Button>
          </SpaceBetween>
        )
      }
      columnDefinitions={[
        { id: "at", header: t.at, cell: (l) => formats.time(l.at) },
        { id: "who", header: t.who, cell: (l) => l.name ?? l.principal },
        { id: "operation", header: t.operation, isRowHeader: true, cell: (l) => l.operation },
        { id: "target", header: t.target, cell: (l) => l.target ?? text.common.none },
        {
          id: "outcome",
          header: t.outcome,
          cell: (l) => <State type={l.outcome === "done" ? "success" : "error"}>{l.outcome === "done" ? t.worked : l.outcome}</State>,
        },
        { id: "address", header: t.address, cell: (l) => l.address ?? text.common.none },
      ]}
    />
  );
}
