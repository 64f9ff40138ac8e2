/** What the server says in English, and the same in another language; {names} stand for what differs: n… for numbers, list… for what commas and an "and" join. */
export type Pairs = readonly (readonly string[])[];

interface Pattern {
  expression: RegExp;
  names: string[];
  translated: string;
}

const hole = /\{(\w+)\}/g;
const letters = (of: string) => of.replace(hole, "").length;
const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function pattern(said: string, translated: string): Pattern {
  const names: string[] = [];
  let expression = "";
  let at = 0;
  for (const match of said.matchAll(hole)) {
    const name = match[1] ?? "";
    expression += literal(said.slice(at, match.index)) + (name.startsWith("n") ? "(\\d[\\d,]*)" : "(.+?)");
    names.push(name);
    at = match.index + match[0].length;
  }
  return { expression: new RegExp(`^${expression}${literal(said.slice(at))}$`, "s"), names, translated };
}

/**
 * Gives a translator of what the server says. What it has no words for, it looks for in
 * parts: lines, sentences, and what a semicolon joins; names and values stay as they are.
 */
export function translator(pairs: Pairs): (said: string) => string {
  const whole = new Map<string, string>();
  const patterns: Pattern[] = [];
  // The more a pattern says, the earlier it is tried.
  for (const [said = "", translated = ""] of [...pairs].sort(([a = ""], [b = ""]) => letters(b) - letters(a))) {
    if (said.includes("{")) {
      patterns.push(pattern(said, translated));
    } else {
      whole.set(said, translated);
    }
  }
  const known = new Map<string, string>();

  const filled = (said: string): string | undefined => {
    for (const p of patterns) {
      const match = p.expression.exec(said);
      if (match) {
        return p.translated.replace(hole, (_, name: string) => {
          const value = match[p.names.indexOf(name) + 1] ?? "";
          return name.startsWith("list")
            ? value
                .split(/,? and |, /)
                .map(translate)
                .join("、")
            : translate(value);
        });
      }
    }
    return undefined;
  };

  const inParts = (said: string): string | undefined => {
    for (const [by, join] of [
      [/\n/, "\n"],
      [/(?<=[.?!]) (?=[A-Z])/, ""],
      [/; /, "；"],
    ] as const) {
      const parts = said.split(by);
      if (parts.length < 2) {
        continue; // it is the whole again
      }
      const translated = parts.map(translate);
      if (translated.some((t, i) => t !== parts[i])) {
        return translated.join(join);
      }
    }
    return undefined;
  };

  function translate(said: string): string {
    let translated = known.get(said);
    if (translated === undefined) {
      translated = whole.get(said) ?? filled(said) ?? inParts(said) ?? said;
      known.set(said, translated);
    }
    return translated;
  }
  return translate;
}
