import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { approvePlan, getPlan, movePlan, type Move, type Run } from "../../api/plans";
import { useNotices } from "../../app/notices";
import { again, plansKey, working } from "../../parts/plans";
import { useText } from "../../text";

/** A plan, looked at again and again for as long as it is shown. */
export const usePlan = (id: string) =>
  useQuery({
    queryKey: [plansKey, id],
    queryFn: ({ signal }) => getPlan(id, signal),
    refetchInterval: ({ state }) => again(state.data !== undefined && working(state.data)),
  });

/** Gives ways to change how far a plan is. */
export function usePlanChanges(id: string) {
  const text = useText().plan;
  const client = useQueryClient();
  const { fail } = useNotices();
  const onSuccess = (run: Run) => {
    client.setQueryData([plansKey, id], run);
    void client.invalidateQueries({ queryKey: [plansKey], exact: true });
  };
  const approve = useMutation({
    mutationFn: ({ hash, accept }: { hash: string; accept: string[] }) => approvePlan(id, { hash, accept }),
    onSuccess,
  });
  const move = useMutation({
    mutationFn: (to: Move) => movePlan(id, to),
    onSuccess,
    onError: (error) => {
      fail(text.failed, error);
      void client.invalidateQueries({ queryKey: [plansKey] });
    },
  });
  return { approve, move };
}
