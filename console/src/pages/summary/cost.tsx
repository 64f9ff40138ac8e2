import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { clusterAddress } from "../../parts/addresses";
import { versionsQuery } from "../../parts/fleet";
import { PageLink } from "../../parts/follow";
import { useFormats, useText } from "../../text";
import type { Scope } from "./filters";
import { Widget } from "./widget";

/** What extended support and unneeded clusters cost. */
export function Cost({ scope }: { scope: Scope }) {
  const text = useText();
  const formats = useFormats();
  const t = text.summary;
  const read = useQuery(versionsQuery);
  return (
    <Widget
      title={t.cost}
      query={read}
      scope={scope}
      ignores={["account", "region", "severity", "status"]}
      actions={<PageLink href="/calendar">{t.calendar}</PageLink>}
    >
      {({ cost, unneeded }) => (
        <SpaceBetween size="s">
          <ColumnLayout columns={2} variant="text-grid">
            <Figure label={t.extended} value={formats.usd(cost.extra_usd)} />
            <Figure label={t.unneeded} value={formats.usd(unneeded.monthly_usd)} />
          </ColumnLayout>
          {unneeded.items && unneeded.items.length > 0 && (
            <Box>
              {t.unneededCount(formats.number(unneeded.clusters), unneeded.clusters)}:{" "}
              {unneeded.items.map((u, i) => (
                <span key={clusterAddress(u.cluster)}>
                  {i > 0 && ", "}
                  <PageLink href={clusterAddress(u.cluster)}>{u.cluster.name}</PageLink>
                </span>
              ))}
            </Box>
          )}
          <Box variant="small" color="text-body-secondary">
            {t.costRule} {text.calendar.costNote}
          </Box>
        </SpaceBetween>
      )}
    </Widget>
  );
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <Box variant="awsui-key-label">{label}</Box>
      <Box fontSize="heading-xl" fontWeight="bold">
        {value}
      </Box>
    </div>
  );
}
