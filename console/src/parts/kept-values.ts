import { queryOptions } from "@tanstack/react-query";
import { getPreferences } from "../api/native";

/** What the server keeps for whoever is signed in. */
export const keptValues = queryOptions({
  queryKey: ["preferences"],
  queryFn: ({ signal }) => getPreferences(signal),
  staleTime: Infinity,
});
