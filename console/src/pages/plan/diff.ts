import type { Setting } from "../../api/plans";

/** One line of a difference: kept, taken away, or new. */
export interface Line {
  sign: " " | "-" | "+";
  text: string;
}

/** Every value of a setting by its name, whatever kind of setting it is. */
function values(of: unknown, name: string, into: Map<string, string[]>): Map<string, string[]> {
  if (Array.isArray(of)) {
    for (const one of of) {
      values(one, name, into);
    }
  } else if (typeof of === "object" && of !== null) {
    for (const [key, value] of Object.entries(of)) {
      values(value, name ? `${name}.${key}` : key, into);
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
