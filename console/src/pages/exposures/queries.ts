import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { useAccount } from "../../parts/accounts";
import { traitsQuery } from "../../parts/traits";
import { traitField } from "./fields";
import type { Query } from "./filters";
import { facetCounts, findingPages, groupFields, groupRows, namesOf, totalOf, traitCounts, type TraitName } from "./requests";
import type { ListState } from "./state";

/** All traits by title. */
export function useTraitNames(): TraitName[] | undefined {
  const said = useSaid();
  const { data } = useQuery({ ...traitsQuery, select: namesOf });
  return useMemo(() => data?.map(({ value, label }) => ({ value, label: label.split(" / ").map(said).join(" / ") })), [data, said]);
}

/** Gives a way to write values as people read them. */
export function useShown(): (key: string, value: string) => string {
  const text = useText();
  const traits = useTraitNames();
  const account = useAccount();
  return useCallback(
    (key, value) => {
      switch (key) {
        case "cloud.account.uid":
          return account(value);
        case "severity":
        case "vendor_attributes.severity":
          return text.severities[value] ?? value;
        case "status":
          return text.statuses[value] ?? value;
        case "finding_info.related_events.traits.category":
          return text.traitTypes[value] ?? value;
        case "resources.type":
          return text.path.types[value] ?? value;
        case traitField:
          return traits?.find((t) => t.value === value)?.label ?? value.slice(value.indexOf("=") + 1);
        default:
          return value;
      }
    },
    [text, traits, account],
  );
}

/** Pages of findings, in the order and with the filters of the state. */
export const useFindings = (state: ListState, size: number, enabled: boolean) =>
  useInfiniteQuery({ ...findingPages(state, size), enabled, placeholderData: keepPreviousData });

/** The groups of the state with their counts by severity. */
export function useGroups(state: ListState, enabled: boolean) {
  const traits = useTraitNames();
  const ready = groupFields[state.group] !== undefined && (state.group !== "trait" || traits !== undefined);
  return useQuery({ ...groupRows(state, traits), enabled: enabled && ready, placeholderData: keepPreviousData });
}

/** How many findings the state has in all. */
export const useTotal = (state: ListState, enabled: boolean): number | undefined => useQuery({ ...totalOf(state), enabled }).data;

/**
 * The values of the quick filters, and the traits, with their counts. Each trait is counted by itself, which takes
 * the server longest: it is asked for when the list is there.
 */
export function useFacets(query: Query, listed: boolean) {
  const traits = useTraitNames();
  const fields = useQuery({ ...facetCounts(query), placeholderData: keepPreviousData });
  const byTrait = useQuery({ ...traitCounts(query, traits), enabled: listed && traits !== undefined, placeholderData: keepPreviousData });
  return { fields: fields.data, traits: byTrait.data };
}
