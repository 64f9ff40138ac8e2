import type { QueryClient } from "@tanstack/react-query";
import { keptValues } from "../../parts/kept-values";
import { readLocal } from "../../parts/local";
import { traitsQuery } from "../../parts/traits";
import { tooMany } from "./filters";
import { facetCounts, findingPages, groupFields, groupRows, namesOf, totalOf } from "./requests";
import { listName, quickName, read, usualSize } from "./state";

/** Asks for what the list shows first. */
export function first(client: QueryClient, url: URL): Promise<unknown>[] {
  const state = read(url.searchParams);
  const { pageSize } = readLocal<{ pageSize?: number }>(listName, {});
  const traits = client.query(traitsQuery).then(namesOf);
  const asked: Promise<unknown>[] = [traits, client.query(keptValues)];
  if (groupFields[state.group] === undefined || state.within !== undefined) {
    asked.push(client.query(totalOf(state)));
    if (!tooMany(state.query)) {
      asked.push(client.infiniteQuery(findingPages(state, pageSize ?? usualSize)));
    }
  } else {
    asked.push(state.group === "trait" ? traits.then((names) => client.query(groupRows(state, names))) : client.query(groupRows(state)));
  }
  if (readLocal<boolean>(quickName, true)) {
    asked.push(client.query(facetCounts(state.query)));
  }
  return asked;
}
