import ContentLayout from "@cloudscape-design/components/content-layout";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { getStatistics } from "../../api/hub";
import { Page } from "../../app/layout";
import { Choice } from "../../parts/choice";
import { useText } from "../../text";
import { Cost } from "./cost";
import { Coverage } from "./coverage";
import { findingFilters, useScope } from "./filters";
import { Severities } from "./severities";
import { Topics } from "./topics";
import { Trend } from "./trend";
import { Worst } from "./worst";

/** What is exposed, what would help most, and what could not be seen. */
export default function Summary() {
  const text = useText();
  const t = text.summary;
  const scope = useScope();
  const counts = useQuery({
    queryKey: ["summary", "counts", scope],
    queryFn: ({ signal }) => getStatistics({ GroupByRules: [{ GroupByField: "severity", Filters: findingFilters(scope) }] }, signal),
  });
  const places = useQuery({
    queryKey: ["summary", "places"],
    queryFn: ({ signal }) =>
      getStatistics({ GroupByRules: ["cloud.account.uid", "cloud.region"].map((GroupByField) => ({ GroupByField })) }, signal),
    staleTime: 300_000,
  });
  const values = (i: number) =>
    (places.data?.GroupByResults[i]?.GroupByValues ?? [])
      .map((v) => ({ value: v.FieldValue }))
      .sort((a, b) => a.value.localeCompare(b.value));
  const names = (words: Record<string, string>, list: string[]) => list.map((value) => ({ value, label: words[value] ?? value }));
  return (
    <Page title={t.title} breadcrumbs={[]}>
      <ContentLayout
        header={
          <Header variant="h1" description={t.about}>
            {t.title}
          </Header>
        }
      >
        <SpaceBetween size="l">
          <div className="filters">
            <Choice name="account" label={t.account} options={values(0)} />
            <Choice name="region" label={t.region} options={values(1)} />
            <Choice name="severity" label={t.severity} options={names(text.severities, ["Critical", "High", "Medium", "Low"])} />
            <Choice name="status" label={t.status} options={names(text.statuses, ["New", "In Progress", "Suppressed", "Resolved"])} />
          </div>
          <Severities counts={counts} scope={scope} />
          <Grid
            gridDefinition={[
              { colspan: { default: 12, m: 7 } },
              { colspan: { default: 12, m: 5 } },
              { colspan: { default: 12, m: 7 } },
              { colspan: { default: 12, m: 5 } },
            ]}
          >
            <Worst scope={scope} />
            <Trend scope={scope} />
            <Topics scope={scope} />
            <Cost scope={scope} />
          </Grid>
          <Coverage scope={scope} />
        </SpaceBetween>
      </ContentLayout>
    </Page>
  );
}
