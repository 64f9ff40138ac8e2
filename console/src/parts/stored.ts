import { useCallback, useState } from "react";

/** A value that this browser keeps from one visit to the next. */
export function useStored<T>(name: string, usual: T): [T, (value: T) => void] {
  const key = `eksposure.${name}`;
  const [value, setValue] = useState<T>(() => {
    try {
      const kept = localStorage.getItem(key);
      return kept === null ? usual : (JSON.parse(kept) as T);
    } catch {
      return usual;
    }
  });
  const set = useCallback(
    (next: T) => {
      setValue(next);
      localStorage.setItem(key, JSON.stringify(next));
    },
    [key],
  );
  return [value, set];
}
