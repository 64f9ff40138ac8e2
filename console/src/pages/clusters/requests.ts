import { queryOptions } from "@tanstack/react-query";
import { getClusters } from "../../api/inventory";
import { askedOf, type Sorts } from "../../parts/asked";

/** The columns that clusters are sorted by, as the API names them. */
export const sorts: Sorts = {
  by: ["name", "version", "endpoint", "encryption", "nodes", "exposure", "scanned", "coverage"],
  usual: "name",
};

const limit = 50;

/** The page of clusters that an address asks for. */
export function clusterPage(params: URLSearchParams) {
  const asked = { ...askedOf(params, sorts), account: params.get("account") ?? "", region: params.get("region") ?? "", limit };
  return queryOptions({ queryKey: ["clusters", asked], queryFn: ({ signal }) => getClusters(asked, signal) });
}
