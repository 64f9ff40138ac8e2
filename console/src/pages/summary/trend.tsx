import Box from "@cloudscape-design/components/box";
import LineChart from "@cloudscape-design/components/line-chart";
import { useQuery } from "@tanstack/react-query";
import { severities } from "../../api/trends";
import { Choice } from "../../parts/choice";
import { today } from "../../parts/clock";
import { useUrl } from "../../parts/url";
import { useFormats, useText } from "../../text";
import type { Scope } from "./filters";
import { daysOf, trend } from "./requests";
import { Widget } from "./widget";

const day = 86_400_000;
const colors = {
  Critical: "var(--severity-critical)",
  High: "var(--severity-high)",
  Medium: "var(--severity-medium)",
  Low: "var(--severity-low)",
};

/** How many were open over time; each severity can be taken out. */
export function Trend({ scope }: { scope: Scope }) {
  const text = useText();
  const formats = useFormats();
  const t = text.summary;
  const { get } = useUrl();
  const days = daysOf(get("range"));
  const end = today();
  const past = useQuery(trend(scope, days, end));
  const shown = severities.filter((s) => !scope.severity || s === scope.severity);
  return (
    <Widget
      title={t.trend}
      query={past}
      scope={scope}
      actions={
        <Choice name="range" label={t.range} usual="30" options={Object.entries(t.ranges).map(([value, label]) => ({ value, label }))} />
      }
    >
      {({ TrendsMetrics: points }) => {
        const times = points.map((p) => new Date(p.Timestamp));
        const most = Math.max(1, ...points.flatMap((p) => shown.map((s) => p.TrendsValues.SeverityTrends[s])));
        return (
          <LineChart
            ariaLabel={t.trendLabel}
            height={230}
            hideFilter
            xTitle={t.date}
            yTitle={t.count}
            xScaleType="time"
            xDomain={[new Date(end - days * day), new Date(end)]}
            yDomain={[0, most]}
            series={shown.map((s) => ({
              type: "line" as const,
              title: text.severities[s] ?? s,
              color: colors[s],
              data: points.map((p, i) => ({ x: times[i] ?? new Date(0), y: p.TrendsValues.SeverityTrends[s] })),
              valueFormatter: (n: number) => formats.number(n),
            }))}
            xTickFormatter={(d) => formats.day(d.toISOString())}
            yTickFormatter={(n) => (Number.isInteger(n) ? formats.number(n) : "")}
            empty={<Box textAlign="center">{t.noTrend}</Box>}
          />
        );
      }}
    </Widget>
  );
}
