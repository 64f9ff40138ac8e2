import { useCallback } from "react";
import { useSearchParams } from "react-router";

type Changes = Record<string, string | undefined>;

/** Reads and changes what a page keeps in its address; an empty value is left out. */
export function useUrl() {
  const [params, setParams] = useSearchParams();
  const get = useCallback((name: string, usual = "") => params.get(name) ?? usual, [params]);
  const set = useCallback(
    (changes: Changes, o?: { replace?: boolean; state?: unknown }) =>
      setParams((old) => {
        const next = new URLSearchParams(old);
        for (const [name, value] of Object.entries(changes)) {
          if (value) {
            next.set(name, value);
          } else {
            next.delete(name);
          }
        }
        return next;
      }, o),
    [setParams],
  );
  return { get, set };
}
