import { queryOptions } from "@tanstack/react-query";
import { getTraits } from "../api/native";

/** All traits, as the server tells them; they change with the program alone. */
export const traitsQuery = queryOptions({ queryKey: ["traits"], staleTime: Infinity, queryFn: ({ signal }) => getTraits(signal) });
