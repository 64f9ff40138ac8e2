import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { approveFleetPlan, getFleetPlan, moveFleetPlan } from "../../api/plans";
import { ApiError } from "../../api/problem";
import { usePlanChanges } from "../../parts/plan-changes";
import { again, type Drafting, plansKey, useDrafting } from "../../parts/plans";

const keyOf = (id: string) => [plansKey, "fleet", id];

/** A fleet plan, looked at again and again for as long as it is shown. */
export const useFleetPlan = (id: string) =>
  useQuery({
    queryKey: keyOf(id),
    queryFn: ({ signal }) => getFleetPlan(id, signal),
    refetchInterval: ({ state }) => state.data !== undefined && again(state.data),
  });

/** How far the draft of a fleet plan is that there is not yet; when it ends, the plan is asked for again. */
export function useDraft(id: string, { error, refetch }: ReturnType<typeof useFleetPlan>): Drafting | undefined {
  const draft = useDrafting(error instanceof ApiError && error.status === 404).find((d) => d.id === id);
  const drafted = useRef(false);
  useEffect(() => {
    if (!draft && drafted.current) {
      void refetch();
    }
    drafted.current = draft !== undefined;
  }, [draft, refetch]);
  return draft;
}

/** Gives ways to change how far a fleet plan is. */
export const useChanges = (id: string) =>
  usePlanChanges({ key: keyOf(id), approve: (approval) => approveFleetPlan(id, approval), move: (to) => moveFleetPlan(id, to) });
