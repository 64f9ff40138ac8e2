import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useQuery } from "@tanstack/react-query";
import { Page } from "../../app/layout";
import { versionsQuery } from "../../parts/fleet";
import { Empty, ProblemAlert } from "../../parts/problems";
import { useUrl } from "../../parts/url";
import { useFormats, useText } from "../../text";
import { Dates } from "./dates";
import { Timeline } from "./timeline";
import { versionsOf } from "./versions";

/** All clusters against the dates of EKS's support, with what they cost. */
export default function Calendar() {
  const text = useText();
  const formats = useFormats();
  const t = text.calendar;
  const { get, set } = useUrl();
  const versions = useQuery(versionsQuery);
  const view = get("view", "timeline");
  const rows = versions.data && versionsOf(versions.data);
  const page = (content: React.ReactNode) => (
    <Page title={t.title} breadcrumbs={[]}>
      {content}
    </Page>
  );
  if (versions.error) {
    return page(<ProblemAlert header={text.problems.unread(t.title)} error={versions.error} retry={versions.refetch} />);
  }
  if (!rows) {
    return page(<Spinner size="large" />);
  }
  const cost = versions.data.cost;
  const views = (
    <SegmentedControl
      label={t.view}
      selectedId={view}
      onChange={(e) => set({ view: e.detail.selectedId === "timeline" ? undefined : e.detail.selectedId })}
      options={[
        { id: "timeline", text: t.timeline },
        { id: "table", text: t.table },
      ]}
    />
  );
  return page(
    <ContentLayout
      header={
        <Header variant="h1" description={t.about}>
          {t.title}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Container>
          <KeyValuePairs
            columns={3}
            items={[
              { label: t.total, value: <Figure>{formats.usd(cost.monthly_usd)}</Figure> },
              { label: t.totalExtra, value: <Figure>{formats.usd(cost.extra_usd)}</Figure> },
              { label: t.unneeded, value: <Figure>{formats.usd(versions.data.unneeded.monthly_usd)}</Figure> },
            ]}
          />
          <Box variant="small" color="text-body-secondary">
            {t.costNote}
          </Box>
        </Container>
        {rows.length === 0 ? (
          <Container>
            <Empty title={t.emptyTitle}>{t.emptyText}</Empty>
          </Container>
        ) : view === "table" ? (
          <Dates rows={rows} actions={views} />
        ) : (
          <Timeline rows={rows} actions={views} />
        )}
      </SpaceBetween>
    </ContentLayout>,
  );
}

function Figure({ children }: { children: React.ReactNode }) {
  return (
    <Box variant="span" fontSize="heading-xl" fontWeight="bold">
      {children}
    </Box>
  );
}
