import type { Setting } from "../../api/plans";

/** One line of a difference: kept, taken away, or new. */
export interface Line {
  sign: " " | "-" | "+";
  text: string;
}

/** Things in a list go by their names, where they have one. */
const named = (one: unknown): one is { name: string } =>
  typeof one === "object" && one !== null && "name" in one && typeof one.name === "string";

/** Every value of a setting by its name, whatever kind of setting it is. */
function values(of: unknown, name: string, into: Map<string, string[]>): Map<string, string[]> {
  const below = (key: string) => (name ? `${name}.${key}` : key);
  if (Array.isArray(of)) {
    for (const one of of as unknown[]) {
      if (named(one)) {
        const { name: own, ...rest } = one;
        values(rest, below(own), into);
      } else {
        values(one, name, into);
      }
    }
  } else if (typeof of === "object" && of !== null) {
    for (const [key, value] of Object.entries(of)) {
      values(value, below(key), into);
    }
  } else {
    into.set(name, [...(into.get(name) ?? []), String(of)]);
  }
  return into;
}

/** What becomes of a setting, line by line. The name of its kind is left out: the action says it. */
export function diff(from: Setting, to: Setting): Line[] {
  const inner = (s: Setting): unknown => Object.values(s)[0] ?? {};
  const before = values(inner(from), "", new Map());
  const after = values(inner(to), "", new Map());
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const was = before.get(name) ?? [];
    const is = after.get(name) ?? [];
    const line = (sign: Line["sign"]) => (value: string) => ({ sign, text: name ? `${name}: ${value}` : value });
    return [
      ...was.filter((v) => is.includes(v)).map(line(" ")),
      ...was.filter((v) => !is.includes(v)).map(line("-")),
      ...is.filter((v) => !was.includes(v)).map(line("+")),
    ];
  });
}
