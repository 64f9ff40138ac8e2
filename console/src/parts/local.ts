/** Where this browser keeps a value. */
export const localKey = (name: string) => `eksposure.${name}`;

/** Reads a value that this browser keeps from one visit to the next. */
export function readLocal<T>(name: string, usual: T): T {
  try {
    const kept = localStorage.getItem(localKey(name));
    return kept === null ? usual : (JSON.parse(kept) as T);
  } catch {
    return usual;
  }
}
