import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import { read, write, type ListState } from "./state";

/** What can change while the page stays: all else is another list, and begins with its first page. */
const samePage = new Set(["finding", "page"]);

/** Keeps the list's state in the address. A finding in the split panel is no step of the history. */
export function useListState() {
  const [params, setParams] = useSearchParams();
  const state = useMemo(() => read(params), [params]);
  const change = useCallback(
    (next: Partial<ListState>) => {
      const replace = Object.keys(next).every((k) => k === "finding");
      const same = Object.keys(next).every((k) => samePage.has(k));
      setParams((old) => write({ ...read(old), ...(same ? {} : { page: 1 }), ...next }), { replace });
    },
    [setParams],
  );
  return { state, change };
}
