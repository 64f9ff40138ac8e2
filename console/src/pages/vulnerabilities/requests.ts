import { queryOptions } from "@tanstack/react-query";
import { getVulnerabilities } from "../../api/inventory";
import { askedOf, type Sorts } from "../../parts/asked";

/** What vulnerabilities are ranked by, the greatest first; it is no column of the table that is sorted. */
const ranks: Sorts = { by: ["reach", "severity", "epss"], usual: "reach" };

/** The names of the filters in the address, and in the API. */
export const filterNames = ["severity", "kev", "fixable", "running"] as const;

const limit = 50;

/** The page of vulnerabilities that an address asks for. */
export function vulnerabilityPage(params: URLSearchParams) {
  const { q, sort, cursor } = askedOf(params, ranks);
  const filters = Object.fromEntries(filterNames.map((name) => [name, params.get(name) ?? ""]));
  const asked = { id: q, sort, cursor, ...filters, limit };
  return queryOptions({ queryKey: ["vulnerabilities", asked], queryFn: ({ signal }) => getVulnerabilities(asked, signal) });
}
