import { hashKey, useMutation, useQueryClient } from "@tanstack/react-query";
import type { Schemas } from "../api/native";
import type { Move } from "../api/plans";
import { useNotices } from "../app/notices";
import { useText } from "../text";
import { plansKey } from "./plans";

/** How one plan, or fleet plan, is changed, and the key under which it is kept. */
interface Ways<T> {
  key: readonly unknown[];
  approve: (approval: Schemas["PlanApproval"]) => Promise<T>;
  move: (to: Move) => Promise<T>;
}

/** Gives ways to change how far a plan or a fleet plan is. What is answered is shown; all else that was read of plans is read again. */
export function usePlanChanges<T>({ key, ...ways }: Ways<T>) {
  const text = useText().plan;
  const client = useQueryClient();
  const { fail } = useNotices();
  const onSuccess = (now: T) => {
    client.setQueryData(key, now);
    const answered = hashKey(key);
    void client.invalidateQueries({ queryKey: [plansKey], predicate: ({ queryHash }) => queryHash !== answered });
  };
  const approve = useMutation({ mutationFn: ways.approve, onSuccess });
  const move = useMutation({
    mutationFn: ways.move,
    onSuccess,
    onError: (error) => {
      fail(text.failed, error);
      void client.invalidateQueries({ queryKey: [plansKey] });
    },
  });
  return { approve, move };
}
