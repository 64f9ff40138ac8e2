import { spaced } from "./spaced";

/**
 * What the server says in English, and the same in Chinese; {names} stand for what differs: n… for numbers, word… for
 * what has no space, image… for an image with its tag or digest, subject… for what has no colon (as all that begins a
 * text), list… for what commas and an "and" join, rest… for what may follow a semicolon.
 */
export type Pairs = readonly (readonly string[])[];

interface Pattern {
  /** The longest of what it says literally: what lacks that needs no further look. */
  needle: string;
  expression: RegExp;
  names: string[];
  translated: string;
}

const hole = /\{(\w+)\}/g;
const letters = (of: string) => of.replace(hole, "").length;
const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** What differs stays within a sentence. */
const anything = "((?:(?!\\.\\s|\\n).)+?)";
const subject = "((?:(?!\\.\\s|\\n|: ).)+?)";
const fillings: Record<string, string> = {
  n: "(\\d[\\d,]*)",
  word: "(\\S+)",
  image: "(\\S+[:@]\\S+)",
  subject,
  rest: "((?:; .+)?)",
};

function pattern(said: string, translated: string): Pattern {
  const names: string[] = [];
  let expression = "";
  let at = 0;
  for (const match of said.matchAll(hole)) {
    const name = match[1] ?? "";
    const filling = fillings[name.replace(/\d+$/, "")] ?? (match.index === 0 ? subject : anything);
    expression += literal(said.slice(at, match.index)) + filling;
    names.push(name);
    at = match.index + match[0].length;
  }
  const [needle = ""] = said.split(/\{\w+\}/).sort((a, b) => b.length - a.length);
  return { needle, expression: new RegExp(`^${expression}${literal(said.slice(at))}$`), names, translated };
}

/** Whether a value has every parenthesis closed that it opens: else it is a piece of two. */
function closed(value: string): boolean {
  let open = 0;
  for (const c of value) {
    open += c === "(" ? 1 : c === ")" ? -1 : 0;
    if (open < 0) {
      return false;
    }
  }
  return open === 0;
}

/** What begins a line: the mark of a list, a quotation or a heading. */
const mark = /^(?:\s+|\s*(?:\d+\. |[-*>] |#+ )+)(?=\S)(?=.*$)/;

/** What ends a sentence. */
const stops: Record<string, string> = { ".": "。", ":": "：" };

/** Sentences side by side: Chinese ones touch, English ones do not. */
const sideBySide = (sentences: string[]) =>
  sentences.reduce((before, next) => (/[。？！：*]$/.test(before) ? before + next : `${before} ${next}`));

/** How a text falls into parts, and how their translations are joined. Commands are parts of their own. */
const separators: readonly (readonly [RegExp, (parts: string[]) => string])[] = [
  [/(?<=^ *```.*?\n *```$)\n|\n(?=^ *```)/ms, (p) => p.join("\n")],
  [/\n/, (p) => p.join("\n")],
  [/(?<=[.?!]) (?=\S)/, sideBySide],
  [/; /, (p) => p.join("；")],
  [/(?<=^[^:]*(?::(?! )[^:]*)*): /, (p) => p.join("：")],
  [/ \| /, (p) => p.join(" | ")],
];

/**
 * Gives a translator of what the server says. What it has no words for, it looks for in
 * parts: lines, sentences, and what a semicolon or a colon joins; names and values stay as they are.
 */
export function translator(pairs: Pairs): (said: string) => string {
  const whole = new Map<string, string>();
  const patterns: Pattern[] = [];
  // The more a pattern says, the earlier it is tried.
  for (const [said = "", translated = ""] of [...pairs].sort(([a = ""], [b = ""]) => letters(b) - letters(a))) {
    const ends = stops[said.at(-1) ?? ""] ? -1 : undefined;
    if (said.includes("{")) {
      patterns.push(pattern(said.slice(0, ends), translated.slice(0, ends)));
    } else {
      whole.set(said.slice(0, ends), translated.slice(0, ends));
    }
  }
  const known = new Map<string, string>();

  const filled = (said: string): string | undefined => {
    for (const p of patterns) {
      const match = said.includes(p.needle) && p.expression.exec(said);
      if (match && match.slice(1).every(closed)) {
        return spaced(p.translated.replace(hole, (_, name: string) => within(name, match[p.names.indexOf(name) + 1] ?? "")));
      }
    }
    return undefined;
  };

  const within = (name: string, value: string): string => {
    if (name.startsWith("list")) {
      return value
        .split(/,? and |, /)
        .map(translate)
        .join("、");
    }
    if (name.startsWith("rest") && value) {
      return `；${translate(value.slice(2))}`;
    }
    const [, quoted] = /^"([^"]+)"$/.exec(value) ?? [];
    return quoted !== undefined && translate(quoted) !== quoted ? `“${translate(quoted)}”` : translate(value);
  };

  const inParts = (said: string): string | undefined => {
    for (const [by, join] of separators) {
      const parts = said.split(by);
      if (parts.length > 1) {
        const translated = parts.map((part) => (part.trimStart().startsWith("```") ? part : translate(part)));
        if (translated.some((t, i) => t !== parts[i])) {
          return join(translated);
        }
      }
    }
    return undefined;
  };

  const translateAnew = (said: string): string => {
    const begins = mark.exec(said)?.[0] ?? "";
    if (begins) {
      return begins + translate(said.slice(begins.length));
    }
    const stop = stops[said.at(-1) ?? ""] ?? "";
    const words = stop ? said.slice(0, -1) : said;
    const found = whole.get(words) ?? filled(words);
    return found === undefined ? (inParts(said) ?? said) : found + stop;
  };

  function translate(said: string): string {
    let translated = known.get(said);
    if (translated === undefined) {
      translated = translateAnew(said);
      known.set(said, translated);
    }
    return translated;
  }
  return translate;
}
