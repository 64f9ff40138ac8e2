import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { placesQuery } from "./fleet";

/** Gives a way to write accounts as people read them: with the name, where it is known. */
export function useAccount(): (account: string) => string {
  const { data } = useQuery(placesQuery);
  return useMemo(() => {
    const names = new Map((data?.items ?? []).map((p) => [p.account, p.account_name]));
    return (account) => {
      const name = names.get(account);
      return name ? `${name} (${account})` : account;
    };
  }, [data]);
}
