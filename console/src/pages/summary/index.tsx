import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { Fragment, lazy, type ReactNode, Suspense, useState } from "react";
import { useSearchParams } from "react-router";
import { Page } from "../../app/layout";
import { useAccount } from "../../parts/accounts";
import { Choice } from "../../parts/choice";
import { useText } from "../../text";
import { spans, type WidgetName } from "./arrangement";
import { Cost } from "./cost";
import { Coverage } from "./coverage";
import { scopeOf } from "./filters";
import * as requests from "./requests";
import { Severities } from "./severities";
import { Topics } from "./topics";
import { Trend } from "./trend";
import { useArrangement } from "./use-arrangement";
import { Worst } from "./worst";

// Few arrange the page, and seldom.
const Arrange = lazy(async () => ({ default: (await import("./arrange")).Arrange }));

/** What is exposed, what would help most, and what could not be seen. */
export default function Summary() {
  const text = useText();
  const t = text.summary;
  const [params] = useSearchParams();
  const scope = scopeOf(params);
  const counts = useQuery(requests.counts(scope));
  const places = useQuery(requests.places);
  const values = (i: number) =>
    (places.data?.GroupByResults[i]?.GroupByValues ?? [])
      .map((v) => ({ value: v.FieldValue }))
      .sort((a, b) => a.value.localeCompare(b.value));
  const account = useAccount();
  const accounts = values(0).map(({ value }) => ({ value, label: account(value) }));
  const names = (words: Record<string, string>, list: string[]) => list.map((value) => ({ value, label: words[value] ?? value }));
  const [arrangement, arrange] = useArrangement();
  const [arranging, setArranging] = useState(false);
  const parts: Record<WidgetName, { name: string; part: ReactNode }> = {
    severities: { name: t.exposures, part: <Severities counts={counts} scope={scope} /> },
    worst: { name: t.worst, part: <Worst scope={scope} /> },
    trend: { name: t.trend, part: <Trend scope={scope} /> },
    topics: { name: t.topics, part: <Topics scope={scope} /> },
    cost: { name: t.cost, part: <Cost scope={scope} /> },
    coverage: { name: t.coverage, part: <Coverage scope={scope} /> },
  };
  const shown = arrangement.order.filter((w) => !arrangement.hidden.includes(w));
  return (
    <Page title={t.title} breadcrumbs={[]}>
      <ContentLayout
        header={
          <Header variant="h1" description={t.about} actions={<Button onClick={() => setArranging(true)}>{t.arrange}</Button>}>
            {t.title}
          </Header>
        }
      >
        <SpaceBetween size="l">
          <div className="filters">
            <Choice name="account" label={t.account} options={accounts} />
            <Choice name="region" label={t.region} options={values(1)} />
            <Choice name="severity" label={t.severity} options={names(text.severities, ["Critical", "High", "Medium", "Low"])} />
            <Choice name="status" label={t.status} options={names(text.statuses, ["New", "In Progress", "Suppressed", "Resolved"])} />
          </div>
          <Grid gridDefinition={spans(shown).map((m) => ({ colspan: { default: 12, m } }))}>
            {shown.map((w) => (
              <Fragment key={w}>{parts[w].part}</Fragment>
            ))}
          </Grid>
        </SpaceBetween>
      </ContentLayout>
      {arranging && (
        <Suspense>
          <Arrange
            now={arrangement}
            names={Object.fromEntries(Object.entries(parts).map(([w, { name }]) => [w, name])) as Record<WidgetName, string>}
            onChange={arrange}
            onClose={() => setArranging(false)}
          />
        </Suspense>
      )}
    </Page>
  );
}
