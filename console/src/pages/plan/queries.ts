import { useQuery } from "@tanstack/react-query";
import { approvePlan, getPlan, movePlan } from "../../api/plans";
import { usePlanChanges } from "../../parts/plan-changes";
import { again, plansKey } from "../../parts/plans";

const keyOf = (id: string) => [plansKey, id];

/** A plan, looked at again and again for as long as it is shown. */
export const usePlan = (id: string) =>
  useQuery({ queryKey: keyOf(id), queryFn: ({ signal }) => getPlan(id, signal), refetchInterval: ({ state }) => again(state.data) });

/** Gives ways to change how far a plan is. */
export const useChanges = (id: string) =>
  usePlanChanges({ key: keyOf(id), approve: (approval) => approvePlan(id, approval), move: (to) => movePlan(id, to) });
