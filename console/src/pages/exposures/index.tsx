import "./list.css";
import Button from "@cloudscape-design/components/button";
import type { CollectionPreferencesProps } from "@cloudscape-design/components/collection-preferences";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useState } from "react";
import { Page } from "../../app/layout";
import type { Finding } from "../../api/ocsf";
import { NothingOpen } from "../../parts/nothing-open";
import { Empty, ProblemAlert } from "../../parts/problems";
import { useStored } from "../../parts/stored";
import { useFormats, useText } from "../../text";
import { usualDisplay } from "./columns";
import { FilterBar } from "./filter-bar";
import { openOnly, tooMany, type Query } from "./filters";
import { Groups } from "./groups";
import { ListHeader } from "./header";
import { List } from "./list";
import { FindingPanel } from "./panel";
import { PreferencesButton } from "./preferences-button";
import { useFindings, useGroups, useTotal } from "./queries";
import { QuickFilters } from "./quick-filters";
import { groupFields } from "./requests";
import { groupings, listName, quickName, usualSize, type Grouping } from "./state";
import { useListState } from "./use-list-state";

const usual: CollectionPreferencesProps.Preferences = {
  pageSize: usualSize,
  wrapLines: true,
  contentDensity: "comfortable",
};

/** The list of exposures: in groups, or one by one. */
export default function Exposures() {
  const text = useText();
  const formats = useFormats();
  const { state, change } = useListState();
  const [preferences, setPreferences] = useStored(listName, usual);
  const [quick, setQuick] = useStored(quickName, true);
  const grouped = groupFields[state.group] !== undefined && state.within === undefined;
  const size = preferences.pageSize ?? usualSize;

  const groups = useGroups(state, grouped);
  const findings = useFindings(state, size, !grouped && !tooMany(state.query));
  const total = useTotal(state, !grouped);
  const loaded = findings.data?.pages ?? [];
  const { fetchNextPage } = findings;
  // A page is reached by the token of the one before it: an address leads there page by page.
  const behind = !grouped && state.page > loaded.length && findings.hasNextPage && !findings.isFetching;
  useEffect(() => {
    if (behind) {
      void fetchNextPage();
    }
  }, [behind, fetchNextPage]);
  const page = findings.hasNextPage ? state.page : Math.max(1, Math.min(state.page, loaded.length));
  const items = loaded[page - 1]?.Findings ?? [];

  const [many, setMany] = useState<Finding[]>([]);
  const one = items.filter((f) => f.metadata.uid === state.finding);
  const selected = many.length > 1 ? many : one;
  const select = (chosen: Finding[]) => {
    setMany(chosen);
    change({ finding: chosen.length === 1 ? chosen[0]?.metadata.uid : undefined });
  };
  const go = (next: number) => {
    setMany([]);
    change({ page: next, finding: undefined });
  };

  const error = grouped ? groups.error : findings.error;
  const count = grouped ? (groups.data?.reduce((sum, g) => sum + (state.group === "trait" ? 0 : g.total), 0) ?? 0) : (total ?? 0);
  const clear = () => change({ query: { operation: "and", tokens: [], tokenGroups: [] }, within: undefined, finding: undefined });
  const filter = (
    <div className="filter-row">
      <FilterBar
        query={state.query}
        onChange={(query) => change({ query, finding: undefined })}
        count={count ? text.exposures.count(count, formats.number(count)) : ""}
      />
      <Select
        inlineLabelText={text.exposures.groupBy}
        selectedOption={{ value: state.group, label: text.exposures.by[state.group] }}
        options={groupings.map((g) => ({ value: g, label: text.exposures.by[g] }))}
        onChange={(e) => change({ group: e.detail.selectedOption.value as Grouping, within: undefined, finding: undefined })}
      />
    </div>
  );
  const parts = {
    header: (
      <ListHeader
        state={state}
        change={change}
        grouped={grouped}
        count={grouped ? groups.data?.length : total}
        selected={grouped ? [] : selected}
        shown={items}
        quick={{ shown: quick, show: () => setQuick(true) }}
        onLabelled={() => setMany([])}
      />
    ),
    filter,
    preferences: !grouped && (
      <PreferencesButton value={{ contentDisplay: usualDisplay(text, formats), ...preferences }} onChange={setPreferences} />
    ),
    empty: error ? "" : <Nothing query={state.query} clear={clear} />,
  };
  return (
    <Page
      title={text.exposures.title}
      breadcrumbs={[{ text: text.exposures.title, href: "/exposures" }]}
      contentType="table"
      splitPanel={one[0] && many.length < 2 && !grouped ? <FindingPanel finding={one[0]} /> : undefined}
      splitPanelOpen={one.length === 1 && !grouped}
      onSplitPanelToggle={(open) => {
        if (!open) {
          select([]);
        }
      }}
    >
      <div className={quick ? "list-with-filters" : "list-alone"}>
        {quick && (
          <QuickFilters
            query={state.query}
            listed={(grouped ? groups.data : findings.data) !== undefined}
            onChange={(query) => change({ query, finding: undefined })}
            onHide={() => setQuick(false)}
          />
        )}
        <SpaceBetween size="m">
          {tooMany(state.query) && <ProblemAlert header={text.exposures.loadFailed} error={new Error(text.exposures.filter.tooMany)} />}
          {error && <ProblemAlert header={text.exposures.loadFailed} error={error} retry={grouped ? groups.refetch : findings.refetch} />}
          {grouped ? (
            <Groups
              state={state}
              rows={groups.data ?? []}
              loading={groups.isPending}
              onOpen={(within) => change({ within })}
              onPage={(next) => change({ page: next })}
              parts={parts}
            />
          ) : (
            <List
              state={state}
              change={change}
              items={items}
              loading={!findings.error && page > loaded.length}
              selected={selected}
              onSelect={select}
              columns={{ contentDisplay: usualDisplay(text, formats), ...preferences }}
              pages={{
                current: page,
                count: Math.max(page, loaded.length, total === undefined ? 1 : Math.min(Math.ceil(total / size), loaded.length + 1)),
                more: findings.hasNextPage,
                go,
              }}
              parts={parts}
            />
          )}
        </SpaceBetween>
      </div>
    </Page>
  );
}

function Nothing({ query, clear }: { query: Query; clear: () => void }) {
  const text = useText().exposures;
  const filtered = JSON.stringify(query) !== JSON.stringify(openOnly) && (query.tokenGroups ?? []).length > 0;
  return filtered ? (
    <Empty title={text.noMatch} action={<Button onClick={clear}>{text.clear}</Button>}>
      {text.noMatchText}
    </Empty>
  ) : (
    <NothingOpen title={text.empty} text={text.emptyText} />
  );
}
