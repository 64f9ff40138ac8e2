import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getPreferences, putPreferences } from "../api/native";
import { useNotices } from "../app/notices";

const key = ["preferences"];

/** A value that the server keeps for whoever is signed in, so that every browser has it. */
export function useKept<T>(name: string, usual: T, failed: string): [T, (value: T) => void] {
  const client = useQueryClient();
  const { fail } = useNotices();
  const kept = useQuery({ queryKey: key, queryFn: ({ signal }) => getPreferences(signal), staleTime: Infinity });
  const values = kept.data?.values ?? {};
  const set = (value: T) => {
    const next = { ...values, [name]: value };
    client.setQueryData(key, { values: next });
    putPreferences(next).catch((error: unknown) => {
      fail(failed, error);
      void client.invalidateQueries({ queryKey: key });
    });
  };
  return [(values[name] as T | undefined) ?? usual, set];
}
