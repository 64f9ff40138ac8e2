import { useQuery } from "@tanstack/react-query";
import { approveFleetPlan, getFleetPlan, moveFleetPlan } from "../../api/plans";
import { usePlanChanges } from "../../parts/plan-changes";
import { again, plansKey } from "../../parts/plans";

const keyOf = (id: string) => [plansKey, "fleet", id];

/** A fleet plan, looked at again and again for as long as it is shown. */
export const useFleetPlan = (id: string) =>
  useQuery({ queryKey: keyOf(id), queryFn: ({ signal }) => getFleetPlan(id, signal), refetchInterval: ({ state }) => again(state.data) });

/** Gives ways to change how far a fleet plan is. */
export const useChanges = (id: string) =>
  usePlanChanges({ key: keyOf(id), approve: (approval) => approveFleetPlan(id, approval), move: (to) => moveFleetPlan(id, to) });
