import { queryOptions, useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import type { Schemas } from "../api/native";
import { getFleetPlans, getPlans, type Run } from "../api/plans";
import { useText } from "../text";
import { useSaid } from "../text/said-in";
import { traitsQuery } from "./traits";

/** A fleet plan that is being drafted, and how far that is. */
export type Drafting = Schemas["RemediationDrafting"];

/** All that is read of plans has this first in its key, so that a change can renew it. */
export const plansKey = "plans";

/** How often a plan is looked at while it is drafted, while the server works on it, and while it waits for somebody. */
const pace = { drafting: 1000, working: 2000, waiting: 15_000 };

/** When to look at plans again. */
export const again = (...shown: readonly ({ working: boolean } | undefined)[]): number =>
  shown.some((p) => p?.working) ? pace.working : pace.waiting;

/** The plans for clusters of the caller's scope, the newest first. */
export const usePlans = () =>
  useQuery({
    queryKey: [plansKey],
    queryFn: async ({ signal }) => (await getPlans(signal)).items ?? [],
    refetchInterval: ({ state }) => again(...(state.data ?? [])),
  });

const fleetPlansQuery = queryOptions({ queryKey: [plansKey, "fleet"], queryFn: ({ signal }) => getFleetPlans(signal) });

/** The fleet plans whose clusters are all in the caller's scope, the newest first, and those that are being drafted. */
export const useFleetPlans = () =>
  useQuery({
    ...fleetPlansQuery,
    refetchInterval: ({ state }) => (state.data?.drafting?.length ? pace.drafting : again(...(state.data?.items ?? []))),
  });

/** The fleet plans that are being drafted, the newest first: looked at while one is waited for. */
export function useDrafting(waiting: boolean): Drafting[] {
  const { data } = useQuery({ ...fleetPlansQuery, enabled: waiting, staleTime: 0, refetchInterval: pace.drafting });
  return waiting ? (data?.drafting ?? []) : [];
}

/** The checks of a plan that came to a verdict. */
export const checksWith = ({ plan }: Run, verdict: "passed" | "failed" | "unknown") =>
  (plan.checks ?? []).filter((c) => c.verdict === verdict);

/** What of some plans cannot be undone, by the word that an approver types. */
export function finalities(runs: readonly Run[]): { word: string; why: string[] }[] {
  const by = new Map<string, string[]>();
  for (const { final, plan } of runs) {
    if (final) {
      const why = (plan.actions ?? []).flatMap((a) => (a.irreversible ? [`${a.title}: ${a.irreversible}`] : []));
      by.set(final, [...new Set([...(by.get(final) ?? []), ...why])]);
    }
  }
  return [...by].map(([word, why]) => ({ word, why }));
}

/** When something last happened to a plan. */
export function changedAt({ plan, approval, steps, back, verified }: Run): string {
  const times = [
    plan.drafted_at,
    approval?.at,
    verified?.at,
    ...[...(steps ?? []), ...(back ?? [])].flatMap((s) => [s.begun_at, s.held_at]),
  ];
  return times.reduce<string>((last, at) => (at !== undefined && Date.parse(at) > Date.parse(last) ? at : last), plan.drafted_at);
}

/** Gives a way to name a topic by the trait that it remedies, or by its own name where that is none. */
export function useTopicName(): (trait: string) => string {
  const own = useText().plans.topics;
  const said = useSaid();
  const { data } = useQuery(traitsQuery);
  return useCallback((trait) => said(data?.items?.find((i) => i.id === trait)?.short ?? own[trait] ?? trait), [data, own, said]);
}
