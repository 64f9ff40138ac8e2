import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { GroupCounts } from "../../api/hub";
import { severities, type Severity, type TrendPoint } from "../../api/trends";
import { exposuresAddress } from "../../parts/addresses";
import { today } from "../../parts/clock";
import { PageLink } from "../../parts/follow";
import { SeverityBadge } from "../../parts/severity";
import { useFormats, useText, type Text } from "../../text";
import type { Formats } from "../../text/format";
import type { Scope } from "./filters";
import { trend } from "./requests";
import { Widget } from "./widget";

const day = 86_400_000;
const spans = { day: 1, week: 7, month: 30 } as const;

/** How many are open of each severity, and how many there were. */
export function Severities({ counts, scope }: { counts: UseQueryResult<{ GroupByResults: GroupCounts[] }>; scope: Scope }) {
  const text = useText();
  const formats = useFormats();
  const end = today();
  const past = useQuery(trend(scope, 30, end));
  const shown = severities.filter((s) => !scope.severity || s === scope.severity);
  return (
    <Widget title={text.summary.exposures} query={counts} scope={scope}>
      {(data) => {
        const now = new Map((data.GroupByResults[0]?.GroupByValues ?? []).map((v) => [v.FieldValue, v.Count]));
        const points = past.data?.TrendsMetrics ?? [];
        const ever = now.size > 0 || points.some((p) => severities.some((s) => p.TrendsValues.SeverityTrends[s] > 0));
        return (
          <ColumnLayout columns={4} variant="text-grid">
            {shown.map((s) => (
              <div key={s}>
                <SeverityBadge severity={s} />
                <Box fontSize="display-l" fontWeight="bold" padding={{ vertical: "xxs" }}>
                  <PageLink
                    href={exposuresAddress(linkOf(scope, s))}
                    fontSize="display-l"
                    ariaLabel={`${formats.number(now.get(s) ?? 0)}. ${text.summary.open(text.severities[s] ?? s)}`}
                  >
                    {formats.number(now.get(s) ?? 0)}
                  </PageLink>
                </Box>
                {changes(ever ? points : [], s, now.get(s) ?? 0, end, text, formats).map((line) => (
                  <Box key={line} variant="small" display="block" color="text-body-secondary">
                    {line}
                  </Box>
                ))}
              </div>
            ))}
          </ColumnLayout>
        );
      }}
    </Widget>
  );
}

const linkOf = (s: Scope, severity: Severity) => ({
  severity: [severity],
  ...(s.status ? { status: [s.status] } : {}),
  "cloud.account.uid": s.account ? [s.account] : [],
  "cloud.region": s.region ? [s.region] : [],
});

/** Says how a count differs from the days before that there are points for. */
function changes(points: TrendPoint[], severity: Severity, now: number, today: number, text: Text, formats: Formats): string[] {
  const t = text.summary;
  return (Object.keys(spans) as (keyof typeof spans)[]).flatMap((span) => {
    const point = points.find((p) => Math.floor(new Date(p.Timestamp).getTime() / day) * day === today - spans[span] * day);
    if (!point) {
      return [];
    }
    const difference = now - point.TrendsValues.SeverityTrends[severity];
    if (difference === 0) {
      return [t.same(t[span])];
    }
    return [difference > 0 ? t.moreThan(formats.number(difference), t[span]) : t.fewerThan(formats.number(-difference), t[span])];
  });
}
