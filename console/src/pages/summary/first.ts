import type { QueryClient } from "@tanstack/react-query";
import { today } from "../../parts/clock";
import { coverageQuery, versionsQuery } from "../../parts/fleet";
import { readLocal } from "../../parts/local";
import { arrangementName, usual, widgets, type WidgetName } from "./arrangement";
import { scopeOf } from "./filters";
import { counts, daysOf, places, topics, trend, worst } from "./requests";

/** Asks for what the summary shows, but for the parts that this browser hides. */
export function first(client: QueryClient, url: URL): Promise<unknown>[] {
  const scope = scopeOf(url.searchParams);
  const ask: Record<WidgetName, () => Promise<unknown>[]> = {
    severities: () => [client.query(trend(scope, 30, today()))],
    worst: () => [client.query(worst(scope))],
    trend: () => [client.query(trend(scope, daysOf(url.searchParams.get("range")), today()))],
    topics: () => [client.query(topics(scope))],
    cost: () => [client.query(versionsQuery)],
    coverage: () => [client.query(coverageQuery)],
  };
  const { hidden } = readLocal(arrangementName, usual);
  const shown = widgets.filter((w) => !hidden.includes(w));
  return [client.query(counts(scope)), client.query(places), ...shown.flatMap((w) => ask[w]())];
}
