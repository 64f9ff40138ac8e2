import type { QueryClient } from "@tanstack/react-query";
import { historyOf, one } from "./requests";

/** Asks for the finding of the address, and for its history when that is on the tab. */
export function first(client: QueryClient, url: URL): Promise<unknown>[] {
  const id = decodeURIComponent(url.pathname.replace(/\/$/, "").split("/").at(-1) ?? "");
  const tab = url.searchParams.get("tab") ?? "overview";
  return [client.query(one(id)), ...(tab === "overview" ? [client.query(historyOf(id))] : [])];
}
