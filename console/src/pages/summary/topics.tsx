import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { Empty } from "../../parts/problems";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";
import type { Scope } from "./filters";
import { topics } from "./requests";
import { Widget } from "./widget";

/** The topics by how many findings they would resolve, each by itself. */
export function Topics({ scope }: { scope: Scope }) {
  const said = useSaid();
  const text = useText();
  const formats = useFormats();
  const t = text.summary;
  const fixes = useQuery(topics(scope));
  return (
    <Widget title={t.topics} description={t.topicsAbout} query={fixes} scope={scope} ignores={["status"]}>
      {(set) => (
        <Table
          variant="embedded"
          wrapLines
          items={set.topics ?? []}
          trackBy="topic"
          ariaLabels={{ tableLabel: t.topics }}
          empty={<Empty title={t.noneTitle}>{t.noneFiltered}</Empty>}
          columnDefinitions={[
            { id: "title", header: t.topic, isRowHeader: true, cell: (x) => said(x.title) },
            { id: "resolves", header: t.resolves, width: 110, cell: (x) => formats.number(x.reached) },
            { id: "lowers", header: t.lowers, width: 100, cell: (x) => formats.number(x.lowered) },
            { id: "concerns", header: t.concerns, width: 100, cell: (x) => formats.number(x.findings) },
            { id: "effort", header: t.effort, width: 95, cell: (x) => t.efforts[x.effort] ?? x.effort },
          ]}
        />
      )}
    </Widget>
  );
}
