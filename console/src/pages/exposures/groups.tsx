import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Link from "@cloudscape-design/components/link";
import Pagination from "@cloudscape-design/components/pagination";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { SeverityBadge } from "../../parts/severity";
import { useFormats, useText } from "../../text";
import { groupFields, type GroupRow, severityNames, useShown } from "./queries";
import { listAddress, type ListState } from "./state";

interface Props {
  state: ListState;
  rows: GroupRow[];
  loading: boolean;
  onOpen: (value: string) => void;
  parts: { header: ReactNode; filter: ReactNode; preferences: ReactNode; empty: ReactNode };
}

/** The groups of findings; each leads to its own. */
export function Groups({ state, rows, loading, onOpen, parts }: Props) {
  const text = useText();
  const formats = useFormats();
  const shown = useShown();
  const { items, collectionProps, paginationProps } = useCollection(rows, {
    pagination: { pageSize: 50 },
    sorting: {},
  });
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
            href={listAddress({ ...state, within: r.value })}
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
      : severityNames.map((s): TableProps.ColumnDefinition<GroupRow> => ({
          id: s,
          header: text.severities[s],
          sortingComparator: (a, b) => (a.counts[s] ?? 0) - (b.counts[s] ?? 0),
          width: 96,
          cell: (r) =>
            r.counts[s] ? (
              <SeverityBadge severity={s} label={formats.number(r.counts[s])} />
            ) : (
              <Box color="text-body-secondary">{text.common.none}</Box>
            ),
        }))),
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
      pagination={<Pagination {...paginationProps} />}
      ariaLabels={{ tableLabel: text.exposures.table }}
      enableKeyboardNavigation
    />
  );
}
