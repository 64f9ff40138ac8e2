import type { CollectionPreferencesProps } from "@cloudscape-design/components/collection-preferences";
import Pagination from "@cloudscape-design/components/pagination";
import Table from "@cloudscape-design/components/table";
import { useMemo, type ReactNode } from "react";
import type { Finding } from "../../api/ocsf";
import { useFormats, useText } from "../../text";
import { columnsOf } from "./columns";
import type { ListState } from "./state";

interface Props {
  state: ListState;
  change: (next: Partial<ListState>) => void;
  items: Finding[];
  loading: boolean;
  selected: Finding[];
  onSelect: (findings: Finding[]) => void;
  columns: CollectionPreferencesProps.Preferences;
  pages: { current: number; count: number; more: boolean; go: (page: number) => void };
  parts: { header: ReactNode; filter: ReactNode; preferences: ReactNode; empty: ReactNode };
}

/** One page of findings, as the server sorts and filters them. */
export function List({ state, change, items, loading, selected, onSelect, columns, pages, parts }: Props) {
  const text = useText();
  const formats = useFormats();
  const definitions = useMemo(() => columnsOf(text, formats), [text, formats]);
  return (
    <Table
      items={items}
      columnDefinitions={definitions}
      columnDisplay={columns.contentDisplay ?? []}
      trackBy={(f) => f.metadata.uid}
      variant="container"
      loading={loading}
      loadingText={text.common.loading}
      stickyHeader
      resizableColumns={false}
      wrapLines={columns.wrapLines ?? true}
      contentDensity={columns.contentDensity ?? "comfortable"}
      selectionType="multi"
      selectedItems={selected}
      onSelectionChange={(e) => onSelect(e.detail.selectedItems)}
      onRowClick={(e) => onSelect([e.detail.item])}
      sortingColumn={{ sortingField: state.sort.field }}
      sortingDescending={state.sort.descending}
      onSortingChange={(e) =>
        change({ sort: { field: e.detail.sortingColumn.sortingField ?? "severity", descending: e.detail.isDescending ?? false } })
      }
      header={parts.header}
      filter={parts.filter}
      preferences={parts.preferences}
      empty={parts.empty}
      enableKeyboardNavigation
      pagination={
        <Pagination
          currentPageIndex={pages.current}
          pagesCount={pages.count}
          openEnd={pages.more}
          onChange={(e) => pages.go(e.detail.currentPageIndex)}
        />
      }
      ariaLabels={{
        tableLabel: text.exposures.table,
        selectionGroupLabel: text.exposures.selection,
        allItemsSelectionLabel: () => text.exposures.selectAll,
        itemSelectionLabel: (_, f) => text.exposures.select(f.finding_info.title),
      }}
    />
  );
}
