import { useCollection } from "@cloudscape-design/collection-hooks";
import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";
import type { Schemas } from "../../api/native";
import { consoleAddress } from "../../parts/aws";
import { Code } from "../../parts/code";
import { Copy } from "../../parts/copy";
import { Empty } from "../../parts/problems";
import { useFormats, useText } from "../../text";
import { capital } from "../../text/format";
import { useSaid } from "../../text/said-in";
import type { Finding } from "./queries";

type Resource = Schemas["ExposureResource"];

/** The cluster and all resources that are involved; the chosen one in full. */
export function Resources({ finding }: { finding: Finding }) {
  const said = useSaid();
  const text = useText();
  const formats = useFormats();
  const t = text.resources;
  const all = finding.resources ?? [];
  const titles = new Map((finding.traits ?? []).map((trait) => [trait.id, said(trait.short)]));
  const [chosen, setChosen] = useState(all[0]?.uid);
  const { items, collectionProps, filterProps, paginationProps, filteredItemsCount } = useCollection(all, {
    filtering: { empty: <Empty title={text.exposures.noMatch}>{text.exposures.noMatchText}</Empty> },
    pagination: { pageSize: 12 },
    sorting: {},
  });
  const resource = all.find((r) => r.uid === chosen);
  return (
    <SpaceBetween size="l">
      <Table
        {...collectionProps}
        items={items}
        trackBy="uid"
        wrapLines
        selectionType="single"
        selectedItems={resource ? [resource] : []}
        onSelectionChange={(e) => setChosen(e.detail.selectedItems[0]?.uid)}
        onRowClick={(e) => setChosen(e.detail.item.uid)}
        header={
          <Header variant="h2" counter={`(${formats.number(all.length)})`}>
            {t.title}
          </Header>
        }
        filter={
          <TextFilter
            {...filterProps}
            filteringPlaceholder={t.filter}
            filteringAriaLabel={t.filter}
            countText={t.count(filteredItemsCount ?? 0, formats.number(filteredItemsCount ?? 0))}
          />
        }
        pagination={<Pagination {...paginationProps} />}
        columnDefinitions={[
          { id: "name", header: t.name, cell: (r) => <span className="anywhere">{r.name}</span>, sortingField: "name", isRowHeader: true },
          { id: "type", header: t.type, cell: (r) => text.path.types[r.type] ?? r.type, sortingField: "type", width: 170 },
          { id: "role", header: t.role, cell: (r) => (r.primary ? t.primary : t.involved), width: 110 },
          { id: "region", header: t.region, cell: (r) => r.region || text.common.none, width: 140 },
          {
            id: "traits",
            header: t.traits,
            cell: (r) => (
              <SpaceBetween direction="horizontal" size="xxs">
                {(r.traits ?? []).map((id) => (
                  <Badge key={id}>{titles.get(id) ?? id}</Badge>
                ))}
              </SpaceBetween>
            ),
          },
        ]}
        ariaLabels={{
          tableLabel: t.title,
          selectionGroupLabel: t.choose,
          itemSelectionLabel: (_, r) => r.name,
        }}
      />
      {resource ? <One resource={resource} finding={finding} /> : <Empty title={t.choose}>{t.chooseText}</Empty>}
    </SpaceBetween>
  );
}

function One({ resource, finding }: { resource: Resource; finding: Finding }) {
  const said = useSaid();
  const text = useText();
  const formats = useFormats();
  const t = text.resources;
  const { ref } = finding.cluster;
  const address = consoleAddress(resource, { partition: ref.partition, region: resource.region || ref.region, cluster: ref.name });
  const tags = Object.entries(resource.tags ?? {});
  const answers: Record<string, string> = { true: text.common.yes, false: text.common.no };
  const shown = (value: string) => answers[value] ?? (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? formats.time(value) : value);
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            address && (
              <Link href={address} external externalIconAriaLabel={text.common.opensInNewTab}>
                {t.console}
              </Link>
            )
          }
        >
          {resource.name}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <KeyValuePairs
          columns={3}
          items={[
            { label: t.id, value: <Copy value={resource.uid} /> },
            { label: t.type, value: resource.type },
            { label: t.account, value: resource.account || text.common.none },
            ...(resource.facts ?? []).map((f) => ({
              label: capital(said(f.name)),
              value: <span className="anywhere">{shown(f.value)}</span>,
            })),
          ]}
        />
        <div>
          <Box variant="awsui-key-label">{t.tags}</Box>
          {tags.length === 0 ? (
            <Box color="text-body-secondary">{t.noTags}</Box>
          ) : (
            <SpaceBetween direction="horizontal" size="xs">
              {tags.map(([key, value]) => (
                <Badge key={key}>{`${key}: ${value}`}</Badge>
              ))}
            </SpaceBetween>
          )}
        </div>
        <ExpandableSection headerText={t.configuration}>
          <Code label={t.configuration}>{JSON.stringify(resource.primary ? finding.cluster : resource, undefined, 2)}</Code>
        </ExpandableSection>
      </SpaceBetween>
    </Container>
  );
}
