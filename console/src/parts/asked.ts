/** How a list is searched, sorted and cut by the server, as the address says. */
export interface Asked {
  q: string;
  /** What is sorted by; a minus before it means descending. */
  sort: string;
  /** Where the page before ended; empty on the first page. */
  cursor: string;
}

/** The columns that a list is sorted by, and the order that it has at first. */
export interface Sorts {
  by: readonly string[];
  usual: string;
}

/** Reads what an address asks of a list. An order that the list does not have is left alone. */
export function askedOf(params: URLSearchParams, sorts: Sorts): Asked {
  const sort = params.get("sort") ?? sorts.usual;
  const known = sorts.by.includes(sort.replace(/^-/, ""));
  return { q: (params.get("q") ?? "").trim(), sort: known ? sort : sorts.usual, cursor: params.get("page") ?? "" };
}
