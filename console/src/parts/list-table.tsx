import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { useFormats, useText } from "../text";
import { useListing, type Value } from "./list";
import { Empty, ProblemAlert } from "./problems";
import { Search } from "./search";

export interface Column<T> extends Omit<TableProps.ColumnDefinition<T>, "sortingField" | "sortingComparator"> {
  id: string;
  /** What the column is sorted by; without it the column is not sorted. */
  sort?: (item: T) => Value;
}

interface Props<T> {
  title: string;
  description?: ReactNode;
  items: readonly T[] | undefined;
  columns: Column<T>[];
  search: (item: T) => string;
  searchLabel: string;
  sort: string;
  empty: { title: string; text?: string; action?: ReactNode };
  error?: unknown;
  retry?: () => unknown;
  filters?: ReactNode;
  actions?: ReactNode;
  pageSize?: number;
  prefix?: string;
  variant?: TableProps.Variant;
  row: (item: T) => string;
}

/** A table of things that were read whole: searched, sorted and paged in the browser. */
export function ListTable<T>(p: Props<T>) {
  const text = useText();
  const formats = useFormats();
  const sorts = Object.fromEntries(p.columns.flatMap((c) => (c.sort ? [[c.id, c.sort]] : [])));
  const listing = useListing(p.items ?? [], { search: p.search, sorts, sort: p.sort, pageSize: p.pageSize ?? 25, prefix: p.prefix });
  if (p.error !== undefined && p.error !== null) {
    return <ProblemAlert header={text.problems.unread(p.title)} error={p.error} retry={p.retry} />;
  }
  const columns = p.columns.map(({ sort, ...c }) => ({ ...c, ...(sort ? { sortingField: c.id } : {}) }));
  const none = (p.items?.length ?? 0) === 0;
  const count =
    p.items &&
    (listing.matches === p.items.length
      ? formats.number(p.items.length)
      : `${formats.number(listing.matches)}/${formats.number(p.items.length)}`);
  return (
    <Table
      variant={p.variant ?? "container"}
      stickyHeader={p.variant === "full-page"}
      wrapLines
      items={listing.shown}
      trackBy={p.row}
      columnDefinitions={columns}
      loading={p.items === undefined}
      loadingText={text.common.loading}
      sortingColumn={{ sortingField: listing.field }}
      sortingDescending={listing.descending}
      onSortingChange={(e) => listing.setSort(e.detail.sortingColumn.sortingField ?? "", e.detail.isDescending ?? false)}
      header={
        <Header
          variant={p.variant === "full-page" ? "h1" : "h2"}
          counter={count && `(${count})`}
          description={p.description}
          actions={p.actions}
        >
          {p.title}
        </Header>
      }
      ariaLabels={{ tableLabel: p.title }}
      filter={
        (!none || listing.text !== "" || p.filters) && (
          <div className="filters">
            <Search
              value={listing.text}
              label={p.searchLabel}
              countText={listing.text && p.items ? text.lists.matches(formats.number(listing.matches), listing.matches) : ""}
              onSearch={listing.setText}
            />
            {p.filters}
          </div>
        )
      }
      pagination={
        listing.pages > 1 && (
          <Pagination
            currentPageIndex={listing.page}
            pagesCount={listing.pages}
            onChange={(e) => listing.setPage(e.detail.currentPageIndex)}
          />
        )
      }
      empty={
        none && !listing.text ? (
          <Empty title={p.empty.title} action={p.empty.action}>
            {p.empty.text}
          </Empty>
        ) : (
          <Empty title={text.lists.noMatch} action={<Button onClick={() => listing.setText("")}>{text.lists.clear}</Button>} />
        )
      }
    />
  );
}
