import type { Filters } from "./hub";
import { request } from "./request";

/** The severities that trends tell of, worst first. */
export const severities = ["Critical", "High", "Medium", "Low"] as const;
export type Severity = (typeof severities)[number];

export interface TrendPoint {
  Timestamp: string;
  TrendsValues: { SeverityTrends: Record<Severity, number> };
}

/** How many findings were open at the end of each day, week or month: the span decides. */
export const getTrends = (
  start: Date,
  end: Date,
  filters: Filters | undefined,
  signal?: AbortSignal,
): Promise<{ TrendsMetrics: TrendPoint[] }> =>
  request(
    "POST",
    "/findingsTrendsv2",
    { StartTime: start.toISOString(), EndTime: end.toISOString(), Filters: filters, MaxResults: 100 },
    signal,
  );
