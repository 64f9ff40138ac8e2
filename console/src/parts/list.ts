import { useUrl } from "./url";

export type Value = string | number | undefined;

/** How a list is searched, sorted and cut; all of it is in the address. */
export interface Listing<T> {
  search: (item: T) => string;
  sorts: Record<string, (item: T) => Value>;
  /** What is sorted by at first; a minus before it means descending. */
  sort: string;
  pageSize: number;
  /** Comes before the names in the address, where a page has several lists. */
  prefix?: string | undefined;
}

// Numbers and texts apart; what has no value comes last either way.
function compare(a: Value, b: Value, descending: boolean): number {
  if (a === undefined || b === undefined) {
    return a === b ? 0 : a === undefined ? 1 : -1;
  }
  const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
  return descending ? -order : order;
}

/** Gives the page of a list that the address asks for. */
export function useListing<T>(items: readonly T[], o: Listing<T>) {
  const { get, set } = useUrl();
  const name = (part: string) => `${o.prefix ?? ""}${part}`;
  const text = get(name("q"));
  const sort = get(name("sort"), o.sort);
  const descending = sort.startsWith("-");
  const field = descending ? sort.slice(1) : sort;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const value = o.sorts[field] ?? (() => undefined);
  const found = items
    .filter((item) => words.every((w) => o.search(item).toLowerCase().includes(w)))
    .sort((a, b) => compare(value(a), value(b), descending));
  const pages = Math.max(1, Math.ceil(found.length / o.pageSize));
  const page = Math.min(pages, Math.max(1, Number(get(name("page"), "1")) || 1));
  return {
    shown: found.slice((page - 1) * o.pageSize, page * o.pageSize),
    matches: found.length,
    text,
    setText: (q: string) => set({ [name("q")]: q, [name("page")]: undefined }, { replace: true }),
    field,
    descending,
    setSort: (by: string, down: boolean) => {
      const next = (down ? "-" : "") + by;
      set({ [name("sort")]: next === o.sort ? undefined : next, [name("page")]: undefined });
    },
    page,
    pages,
    setPage: (n: number) => set({ [name("page")]: n === 1 ? undefined : String(n) }),
  };
}
