import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { approveFleetPlan, type FleetPlan, getFleetPlan, moveFleetPlan, type Move } from "../../api/plans";
import { useNotices } from "../../app/notices";
import { again, plansKey, working } from "../../parts/plans";
import { useText } from "../../text";

const keyOf = (id: string) => [plansKey, "fleet", id];

/** A fleet plan, looked at again and again for as long as it is shown. */
export const useFleetPlan = (id: string) =>
  useQuery({
    queryKey: keyOf(id),
    queryFn: ({ signal }) => getFleetPlan(id, signal),
    refetchInterval: ({ state }) => again(state.data !== undefined && (working(state.data) || (state.data.plans ?? []).some(working))),
  });

/** Gives ways to change how far a fleet plan is. */
export function useFleetPlanChanges(id: string) {
  const text = useText().plan;
  const client = useQueryClient();
  const { fail } = useNotices();
  const onSuccess = (fleet: FleetPlan) => {
    client.setQueryData(keyOf(id), fleet);
    void client.invalidateQueries({ queryKey: [plansKey], predicate: ({ queryKey }) => queryKey[2] !== id });
  };
  const approve = useMutation({
    mutationFn: ({ hash, accept }: { hash: string; accept: string[] }) => approveFleetPlan(id, { hash, accept }),
    onSuccess,
  });
  const move = useMutation({
    mutationFn: (to: Move) => moveFleetPlan(id, to),
    onSuccess,
    onError: (error) => {
      fail(text.failed, error);
      void client.invalidateQueries({ queryKey: [plansKey] });
    },
  });
  return { approve, move };
}
