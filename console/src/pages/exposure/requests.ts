import { queryOptions } from "@tanstack/react-query";
import { getFinding, getHistory } from "../../api/native";
import { findingsKey } from "../exposures/requests";

/** One finding in full. */
export const one = (id: string) => queryOptions({ queryKey: [findingsKey, "one", id], queryFn: ({ signal }) => getFinding(id, signal) });

/** What became of one finding. */
export const historyOf = (id: string) =>
  queryOptions({ queryKey: [findingsKey, "history", id], queryFn: ({ signal }) => getHistory(id, signal) });
