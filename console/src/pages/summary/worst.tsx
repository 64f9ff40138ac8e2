import Box from "@cloudscape-design/components/box";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { clusterOf } from "../../api/ocsf";
import { exposureAddress } from "../../parts/addresses";
import { PageLink } from "../../parts/follow";
import { NothingOpen } from "../../parts/nothing-open";
import { Empty } from "../../parts/problems";
import { SeverityBadge } from "../../parts/severity";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";
import type { Scope } from "./filters";
import { worst } from "./requests";
import { Widget } from "./widget";

/** The eight most severe exposures. */
export function Worst({ scope }: { scope: Scope }) {
  const said = useSaid();
  const text = useText();
  const formats = useFormats();
  const t = text.summary;
  const most = useQuery(worst(scope));
  return (
    <Widget title={t.worst} query={most} scope={scope} actions={<PageLink href="/exposures">{t.all}</PageLink>}>
      {({ Findings }) => (
        <Table
          variant="embedded"
          wrapLines
          items={Findings}
          trackBy={(f) => f.metadata.uid}
          ariaLabels={{ tableLabel: t.worst }}
          empty={
            Object.values(scope).some(Boolean) ? (
              <Empty title={t.noneTitle}>{t.noneFiltered}</Empty>
            ) : (
              <NothingOpen title={t.noneTitle} text={t.noneText} />
            )
          }
          columnDefinitions={[
            { id: "severity", header: t.severity, width: 110, cell: (f) => <SeverityBadge severity={f.severity} /> },
            {
              id: "title",
              header: t.exposure,
              isRowHeader: true,
              cell: (f) => (
                <>
                  <PageLink href={exposureAddress(f.metadata.uid)}>{clusterOf(f)?.name ?? f.finding_info.title}</PageLink>
                  <Box variant="small" display="block">
                    {said(f.finding_info.title)}
                  </Box>
                </>
              ),
            },
            { id: "modified", header: t.modified, width: 130, cell: (f) => formats.ago(f.finding_info.modified_time_dt) },
          ]}
        />
      )}
    </Widget>
  );
}
