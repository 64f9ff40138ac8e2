import { useCollection } from "@cloudscape-design/collection-hooks";
import Link from "@cloudscape-design/components/link";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { SeverityBadge } from "../../parts/severity";
import { useFormats, useText } from "../../text";
import { useShown } from "./queries";
import { groupFields, type GroupRow, moreSevere, severityNames } from "./requests";
import { listAddress, type ListState } from "./state";

const pageSize = 50;

interface Props {
  state: ListState;
  rows: GroupRow[];
  loading: boolean;
  onOpen: (value: string) => void;
  onPage: (page: number) => void;
  parts: { header: ReactNode; filter: ReactNode; preferences: ReactNode; empty: ReactNode };
}

/** The groups of findings; each leads to its own. */
export function Groups({ state, rows, loading, onOpen, onPage, parts }: Props) {
  const text = useText();
  const formats = useFormats();
  const shown = useShown();
  const { items: sorted, collectionProps } = useCollection(rows, { sorting: {} });
  const pages = Math.max(1, Math.ceil(rows.length / pageSize));
  const page = Math.min(state.page, pages);
  const items = sorted.slice((page - 1) * pageSize, page * pageSize);
  const field = groupFields[state.group] ?? "";
  const columns: TableProps.ColumnDefinition<GroupRow>[] = [
    {
      id: "value",
      header: text.exposures.by[state.group],
      sortingField: "value",
      isRowHeader: true,
      cell: (r) => (
        <span className="lines" title={shown(field, r.value)}>
          <Link
            href={listAddress({ ...state, within: r.value, page: 1 })}
            onFollow={(e) => {
              if (!e.detail.external) {
                e.preventDefault();
                onOpen(r.value);
              }
            }}
          >
            {shown(field, r.value)}
          </Link>
        </span>
      ),
    },
    ...(state.group === "severity"
      ? []
      : [
          {
            id: "severities",
            header: text.exposures.columns.severity,
            sortingComparator: (a: GroupRow, b: GroupRow) => moreSevere(b, a),
            width: 190,
            cell: (r: GroupRow) => (
              <SpaceBetween direction="horizontal" size="xxs">
                {severityNames.map((s) => {
                  const count = r.counts[s];
                  return count && <SeverityBadge key={s} severity={s} label={`${text.severities[s] ?? s} ${formats.number(count)}`} />;
                })}
              </SpaceBetween>
            ),
          },
        ]),
    { id: "total", header: text.exposures.columns.total, sortingField: "total", width: 80, cell: (r) => formats.number(r.total) },
  ];
  return (
    <Table
      {...collectionProps}
      items={items}
      columnDefinitions={columns}
      loading={loading}
      loadingText={text.common.loading}
      trackBy="value"
      variant="container"
      wrapLines
      stickyHeader
      header={parts.header}
      filter={parts.filter}
      preferences={parts.preferences}
      empty={parts.empty}
      pagination={<Pagination currentPageIndex={page} pagesCount={pages} onChange={(e) => onPage(e.detail.currentPageIndex)} />}
      ariaLabels={{ tableLabel: text.exposures.table }}
      enableKeyboardNavigation
    />
  );
}
