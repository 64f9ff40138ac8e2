import { useQuery, useQueryClient } from "@tanstack/react-query";
import { putPreferences } from "../api/native";
import { useNotices } from "../app/notices";
import { keptValues } from "./kept-values";

/** A value that the server keeps for whoever is signed in, so that every browser has it. */
export function useKept<T>(name: string, usual: T, failed: string): [T, (value: T) => void] {
  const client = useQueryClient();
  const { fail } = useNotices();
  const kept = useQuery(keptValues);
  const values = kept.data?.values ?? {};
  const set = (value: T) => {
    const next = { ...values, [name]: value };
    client.setQueryData(keptValues.queryKey, { values: next });
    putPreferences(next).catch((error: unknown) => {
      fail(failed, error);
      void client.invalidateQueries({ queryKey: keptValues.queryKey });
    });
  };
  return [(values[name] as T | undefined) ?? usual, set];
}
