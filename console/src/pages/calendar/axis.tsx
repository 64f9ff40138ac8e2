import type { Span } from "../../parts/support-bar";
import { useFormats, useText } from "../../text";

/** The years above the bars, and today. */
export function Axis({ span, now }: { span: Span; now: number }) {
  const text = useText().calendar;
  const formats = useFormats();
  const percent = (time: number) => `${((time - span.from) / (span.to - span.from)) * 100}%`;
  const first = new Date(span.from).getUTCFullYear() + 1;
  const years = Array.from({ length: new Date(span.to).getUTCFullYear() - first + 1 }, (_, i) => first + i);
  const near = (year: number) => Math.abs(Date.UTC(year, 0) - now) < (span.to - span.from) / 14;
  return (
    <svg
      className="axis"
      role="img"
      aria-label={`${text.timeline}: ${formats.day(new Date(span.from).toISOString())} – ${formats.day(new Date(span.to).toISOString())}`}
    >
      {years
        .filter((y) => !near(y))
        .map((year) => (
          <text key={year} x={percent(Date.UTC(year, 0))} y="15" textAnchor="middle" fill="currentColor">
            {year}
          </text>
        ))}
      <text x={percent(now)} y="15" textAnchor="middle" className="axis-today">
        {text.today}
      </text>
    </svg>
  );
}
