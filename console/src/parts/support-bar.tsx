import type { Schemas } from "../api/native";

type VersionSupport = Schemas["InventoryVersionSupport"];

/** The span of time that bars are drawn against. */
export interface Span {
  from: number;
  to: number;
}

const width = 1000;
const height = 28;

const at = (time: string | undefined, usual: number) => (time ? new Date(time).getTime() : usual);

/**
 * Draws a version's standard and extended support against time, with a line for
 * today. The dates stand beside it in words: this is a picture of them.
 */
export function SupportBar({ support, span, label, now }: { support: VersionSupport; span: Span; label: string; now: number }) {
  const x = (time: number) => Math.round(Math.min(1, Math.max(0, (time - span.from) / (span.to - span.from))) * width);
  const released = x(at(support.released, span.from));
  const standard = x(at(support.end_of_standard, span.to));
  const extended = x(at(support.end_of_extended, at(support.end_of_standard, span.to)));
  const today = x(now);
  return (
    <svg className="support-bar" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <line x1={0} x2={width} y1={height / 2} y2={height / 2} className="support-axis" vectorEffect="non-scaling-stroke" />
      <Part from={released} to={standard} phase="standard" />
      <Part from={standard} to={extended} phase="extended" />
      {extended < today && <Part from={extended} to={today} phase="ended" />}
      <line x1={today} x2={today} y1={0} y2={height} className="support-today" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

function Part({ from, to, phase }: { from: number; to: number; phase: "standard" | "extended" | "ended" }) {
  if (to <= from) {
    return null;
  }
  return <rect x={from} width={to - from} y={6} height={height - 12} className={`support-${phase}`} vectorEffect="non-scaling-stroke" />;
}

/** The span that shows the support of some versions, and today, with a little room. */
export function spanOf(versions: VersionSupport[], now = Date.now()): Span {
  const times = versions.flatMap((v) => [v.end_of_standard, v.end_of_extended].filter(Boolean).map((t) => new Date(t ?? 0).getTime()));
  const month = 30 * 86_400_000;
  return { from: Math.min(now, ...times) - 6 * month, to: Math.max(now, ...times) + month };
}
