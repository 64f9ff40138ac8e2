import { useCallback, useState } from "react";
import { localKey, readLocal } from "./local";

/** A value that this browser keeps from one visit to the next. */
export function useStored<T>(name: string, usual: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => readLocal(name, usual));
  const set = useCallback(
    (next: T) => {
      setValue(next);
      localStorage.setItem(localKey(name), JSON.stringify(next));
    },
    [name],
  );
  return [value, set];
}
