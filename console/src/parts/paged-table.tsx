import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { useLocation } from "react-router";
import { useFormats, useText } from "../text";
import type { Asked, Sorts } from "./asked";
import { Empty, ProblemAlert } from "./problems";
import { Search } from "./search";
import { useUrl } from "./url";

export interface PagedColumn<T> extends Omit<TableProps.ColumnDefinition<T>, "sortingField" | "sortingComparator"> {
  id: string;
}

interface Props<T> {
  title: string;
  description: string;
  /** A page as the server gave it. */
  page: { items: T[] | null; next_cursor?: string; total: number } | undefined;
  asked: Asked;
  sorts: Sorts;
  columns: PagedColumn<T>[];
  row: (item: T) => string;
  searchLabel: string;
  /** The names that the filters have in the address. */
  filterNames: string[];
  filters: ReactNode;
  actions?: ReactNode;
  empty: { title: string; text: string; action?: ReactNode };
  error: unknown;
  retry: () => unknown;
}

/** A table of things that the server searches, sorts and gives page by page. */
export function PagedTable<T>(p: Props<T>) {
  const text = useText();
  const formats = useFormats();
  const { get, set } = useUrl();
  const filtered = p.asked.q !== "" || p.filterNames.some((name) => get(name) !== "");
  if (p.error !== undefined && p.error !== null) {
    return (
      <ProblemAlert
        header={text.problems.unread(p.title)}
        error={p.error}
        retry={p.asked.cursor ? () => set({ page: undefined }) : p.retry}
      />
    );
  }
  const clear = () => set(Object.fromEntries(["q", "page", ...p.filterNames].map((name) => [name, undefined])));
  const total = p.page?.total;
  return (
    <Table
      variant="full-page"
      stickyHeader
      wrapLines
      items={p.page?.items ?? []}
      trackBy={p.row}
      columnDefinitions={p.columns.map((c) => (p.sorts.by.includes(c.id) ? { ...c, sortingField: c.id } : c))}
      loading={p.page === undefined}
      loadingText={text.common.loading}
      sortingColumn={{ sortingField: p.asked.sort.replace(/^-/, "") }}
      sortingDescending={p.asked.sort.startsWith("-")}
      onSortingChange={(e) => {
        const sort = (e.detail.isDescending ? "-" : "") + (e.detail.sortingColumn.sortingField ?? "");
        set({ sort: sort === p.sorts.usual ? undefined : sort, page: undefined });
      }}
      ariaLabels={{ tableLabel: p.title }}
      header={
        <Header
          variant="h1"
          counter={total === undefined ? "" : `(${formats.number(total)})`}
          description={p.description}
          actions={p.actions}
        >
          {p.title}
        </Header>
      }
      filter={
        <div className="filters">
          <Search
            value={get("q")}
            label={p.searchLabel}
            countText={p.asked.q && total !== undefined ? text.lists.matches(formats.number(total), total) : ""}
            onSearch={(q) => set({ q, page: undefined }, { replace: true })}
          />
          {p.filters}
        </div>
      }
      pagination={<Pages cursor={p.asked.cursor} next={p.page?.next_cursor} />}
      empty={
        filtered ? (
          <Empty title={text.lists.noMatch} action={<Button onClick={clear}>{text.lists.clear}</Button>} />
        ) : (
          <Empty title={p.empty.title} action={p.empty.action}>
            {p.empty.text}
          </Empty>
        )
      }
    />
  );
}

/** Leads from page to page; the way that was taken is kept in the browser's history. */
function Pages({ cursor, next }: { cursor: string; next: string | undefined }) {
  const text = useText().lists;
  const { set } = useUrl();
  const { state } = useLocation() as { state: { before?: string[] } | null };
  const before = state?.before ?? [];
  if (!cursor && !next) {
    return null;
  }
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Button disabled={!cursor} onClick={() => set({ page: undefined })}>
        {text.first}
      </Button>
      <Button disabled={before.length === 0} onClick={() => set({ page: before.at(-1) }, { state: { before: before.slice(0, -1) } })}>
        {text.previous}
      </Button>
      <Button disabled={!next} onClick={() => set({ page: next }, { state: { before: [...before, cursor] } })}>
        {text.next}
      </Button>
    </SpaceBetween>
  );
}
