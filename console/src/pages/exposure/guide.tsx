import Box from "@cloudscape-design/components/box";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useState } from "react";
import type { Schemas } from "../../api/native";
import { Written } from "../../parts/markdown";
import { ProblemAlert } from "../../parts/problems";
import { Waiting } from "../../parts/waiting";
import { useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { OptionForms } from "./forms";
import { useGuidance } from "./queries";

/** A topic written out for this cluster: each way of fixing it, in every tool that can. */
export function Guide({ finding, topic }: { finding: string; topic: Schemas["TopicGuide"] }) {
  const said = useSaid();
  const text = useText();
  const t = text.remediation;
  const [open, setOpen] = useState(false);
  const guidance = useGuidance(finding, topic.id, open);
  const { guide } = topic;
  return (
    <ExpandableSection
      expanded={open}
      onChange={(e) => setOpen(e.detail.expanded)}
      headerText={said(topic.title)}
      headerDescription={said(guide.title)}
      headingTagOverride="h3"
    >
      <SpaceBetween size="m">
        {guide.intro && <Written>{guide.intro}</Written>}
        {guidance.error && <ProblemAlert header={t.guidanceFailed} error={guidance.error} retry={guidance.refetch} />}
        {open && guidance.isPending && <Waiting />}
        {guidance.data && (
          <Tabs
            ariaLabel={t.option}
            tabs={(guidance.data.items ?? []).map((o) => ({
              id: o.id,
              label: said(o.title),
              content: <OptionForms option={o} explained={(guide.options ?? []).find((g) => g.title === o.title)?.steps} />,
            }))}
          />
        )}
        {guide.references && (
          <div>
            <Box variant="awsui-key-label">{t.references}</Box>
            <ul className="plain">
              {guide.references.map((r) => (
                <li key={r.url}>
                  <Link href={r.url} external externalIconAriaLabel={text.common.opensInNewTab}>
                    {r.title}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        )}
      </SpaceBetween>
    </ExpandableSection>
  );
}
