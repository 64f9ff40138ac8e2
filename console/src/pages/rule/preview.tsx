import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Spinner from "@cloudscape-design/components/spinner";
import Table from "@cloudscape-design/components/table";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Filters } from "../../api/hub";
import { previewRule, type Met } from "../../api/rules";
import { exposureAddress } from "../../parts/addresses";
import { PageLink } from "../../parts/follow";
import { ProblemAlert } from "../../parts/problems";
import { SeverityBadge, Status } from "../../parts/severity";
import { useFormats, useText } from "../../text";

/** What criteria meet now, asked for when editing pauses. */
export function Preview({ filters }: { filters: Filters }) {
  const text = useText();
  const formats = useFormats();
  const t = text.rule;
  const asked = useSettled(JSON.stringify(filters));
  const criteria = JSON.parse(asked) as Filters;
  const none = (criteria.CompositeFilters?.length ?? 0) === 0;
  const met = useQuery({
    queryKey: ["rule-preview", asked],
    queryFn: ({ signal }) => previewRule(criteria, signal),
    enabled: !none,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const content = () => {
    if (none) {
      return <Box color="text-body-secondary">{t.noConditions}</Box>;
    }
    if (met.error) {
      return <ProblemAlert header={t.previewFailed} error={met.error} />;
    }
    if (!met.data) {
      return <Spinner />;
    }
    if (met.data.matches === 0) {
      return <Box>{t.meetsNone}</Box>;
    }
    return <Findings met={met.data} />;
  };
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={t.previewAbout}
          counter={met.data && !none && !met.error ? `(${t.meets(formats.number(met.data.matches), met.data.matches)})` : ""}
        >
          {t.preview}
        </Header>
      }
    >
      <div aria-live="polite">{content()}</div>
    </Container>
  );
}

function Findings({ met }: { met: Met }) {
  const text = useText();
  const t = text.rule;
  return (
    <Table
      variant="embedded"
      wrapLines
      items={met.findings ?? []}
      trackBy={(f) => f.metadata.uid}
      ariaLabels={{ tableLabel: t.preview }}
      columnDefinitions={[
        { id: "severity", header: t.severity, width: 120, cell: (f) => <SeverityBadge severity={f.severity} /> },
        {
          id: "title",
          header: text.summary.exposure,
          isRowHeader: true,
          cell: (f) => <PageLink href={exposureAddress(f.metadata.uid)}>{f.finding_info.title}</PageLink>,
        },
        { id: "status", header: t.status, width: 140, cell: (f) => <Status status={f.status} /> },
      ]}
    />
  );
}

/** Gives a value when it has not changed for a moment. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const wait = setTimeout(() => setSettled(value), 400);
    return () => clearTimeout(wait);
  }, [value]);
  return settled;
}
