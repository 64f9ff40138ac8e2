import { queryOptions } from "@tanstack/react-query";
import { getImages } from "../../api/inventory";
import { askedOf, type Sorts } from "../../parts/asked";

/** The columns that images are sorted by, as the API names them. */
export const sorts: Sorts = { by: ["repository", "os", "created", "critical", "high", "kev", "clusters", "running"], usual: "-critical" };

const limit = 50;

/** The page of images that an address asks for. */
export function imagePage(params: URLSearchParams) {
  const show = params.get("show");
  const asked = { ...askedOf(params, sorts), ...(show === "unread" || show === "running" ? { [show]: "true" } : {}), limit };
  return queryOptions({ queryKey: ["images", asked], queryFn: ({ signal }) => getImages(asked, signal) });
}
