import type { Text } from "./en";
import { spaced } from "./spaced";

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** Each of these takes a browser 10 ms to make, and no page needs them all. */
const once = <T>(make: () => T) => {
  let made: T | undefined;
  return () => (made ??= make());
};

/** Begins a text with a capital letter. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Writes numbers, dates and times in one language. Times are in the browser's zone. */
export class Formats {
  private readonly numbers = once(() => new Intl.NumberFormat(this.language));
  private readonly days = once(() => new Intl.DateTimeFormat(this.language, { dateStyle: "medium" }));
  private readonly times = once(() => new Intl.DateTimeFormat(this.language, { dateStyle: "medium", timeStyle: "short" }));
  private readonly spans = once(() => new Intl.RelativeTimeFormat(this.language, { numeric: "auto" }));
  private readonly lists = once(() => new Intl.ListFormat(this.language, { type: "conjunction" }));

  constructor(
    readonly language: string,
    private readonly text: Text,
  ) {}

  number(n: number): string {
    return this.numbers().format(n);
  }

  /** A part of 1 as a percentage: small ones keep a digit that is not zero, and only all is 100 %. */
  share(n: number): string {
    if (n > 0.999 && n < 1) {
      return `>${this.share(0.999)}`;
    }
    return new Intl.NumberFormat(this.language, { style: "percent", maximumSignificantDigits: n < 0.1 ? 2 : 3 }).format(n);
  }

  usd(n: number): string {
    return new Intl.NumberFormat(this.language, {
      style: "currency",
      currency: "USD",
      maximumFractionDigits: n < 100 ? 2 : 0,
      trailingZeroDisplay: "stripIfInteger",
    }).format(Math.round(n * 100) / 100); // sums of prices are a little beside the cent
  }

  bytes(n: number): string {
    const scale = ["byte", "kilobyte", "megabyte", "gigabyte"];
    const step = n < 1 ? 0 : Math.min(scale.length - 1, Math.floor(Math.log10(n) / 3));
    return new Intl.NumberFormat(this.language, { style: "unit", unit: scale[step] ?? "byte", maximumFractionDigits: 1 }).format(
      n / 1000 ** step,
    );
  }

  day(at: string | undefined): string {
    return at ? this.days().format(new Date(at)) : this.text.common.none;
  }

  time(at: string | undefined): string {
    return at ? this.times().format(new Date(at)) : this.text.common.none;
  }

  /** How long ago or ahead, in the largest unit that fits. */
  ago(at: string, now = Date.now()): string {
    const seconds = (new Date(at).getTime() - now) / 1000;
    const [unit, size] = units.find(([, s]) => Math.abs(seconds) >= s) ?? ["second" as const, 1];
    return this.spans().format(Math.round(seconds / size), unit);
  }

  list(items: string[]): string {
    return spaced(this.lists().format(items));
  }
}
