import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useMemo, useState } from "react";
import type { Schemas } from "../../api/native";
import { PageLink } from "../../parts/follow";
import { SeverityBadge } from "../../parts/severity";
import { useFormats, useText } from "../../text";
import { workloadName } from "./evidence";

type Trait = Schemas["ExposureTraitState"];
type Match = Schemas["ExposureMatch"];

interface Row {
  id: string;
  parent?: string;
  name: string;
  note?: string;
  href?: string;
  match?: Match;
  layer?: string;
  fixed?: string;
  workloads?: string[];
  running?: number;
}

/** Vulnerabilities by image, package and CVE. */
export function Vulnerabilities({ traits }: { traits: Trait[] }) {
  const text = useText();
  const formats = useFormats();
  const t = text.vulns;
  const rows = useMemo(
    () => rowsOf(traits, (all, fixable) => t.counts(formats.number(all), formats.number(fixable))),
    [traits, t, formats],
  );
  const [open, setOpen] = useState<Set<string>>(new Set());
  if (rows.length === 0) {
    return undefined;
  }
  return (
    <Table
      items={rows.filter((r) => r.parent === undefined)}
      trackBy="id"
      wrapLines
      contentDensity="compact"
      header={
        <Header variant="h2" description={t.rest}>
          {t.title}
        </Header>
      }
      expandableRows={{
        getItemChildren: (r) => rows.filter((c) => c.parent === r.id),
        isItemExpandable: (r) => rows.some((c) => c.parent === r.id),
        expandedItems: rows.filter((r) => open.has(r.id)),
        onExpandableItemToggle: ({ detail: { item, expanded } }) => {
          const next = new Set(open);
          if (expanded) {
            next.add(item.id);
          } else {
            next.delete(item.id);
          }
          setOpen(next);
        },
      }}
      columnDefinitions={[
        {
          id: "name",
          header: t.item,
          isRowHeader: true,
          minWidth: 220,
          cell: (r) => (
            <>
              <span className="anywhere">{r.href ? <PageLink href={r.href}>{r.name}</PageLink> : r.name}</span>
              {r.note && (
                <Box color="text-body-secondary" fontSize="body-s">
                  {r.note}
                </Box>
              )}
            </>
          ),
        },
        { id: "severity", header: t.severity, width: 100, cell: (r) => r.match?.severity && <SeverityBadge severity={r.match.severity} /> },
        { id: "exploited", header: t.exploited, width: 130, cell: (r) => r.match && <Exploited match={r.match} /> },
        {
          id: "cvss",
          header: t.cvss,
          width: 160,
          cell: (r) =>
            r.match?.vector && (
              <>
                {r.match.score !== undefined && <div>{formats.number(r.match.score)}</div>}
                <Box fontSize="body-s" color="text-body-secondary">
                  <span className="anywhere">{r.match.vector}</span>
                </Box>
              </>
            ),
        },
        {
          id: "fixed",
          header: t.fixed,
          width: 140,
          cell: (r) => <span className="anywhere">{r.match ? (r.match.fixed_in ?? t.noFix) : r.fixed}</span>,
        },
        {
          id: "where",
          header: t.where,
          width: 180,
          cell: (r) =>
            r.workloads?.map((w) => <div key={w}>{w.replaceAll("/", "/\u200b")}</div>) ??
            (r.layer && `${t.layer} ${r.layer.replace("sha256:", "").slice(0, 12)}`),
        },
      ]}
      ariaLabels={{
        tableLabel: t.title,
        expandButtonLabel: (r) => `${t.expand} ${r.name}`,
        collapseButtonLabel: (r) => `${t.collapse} ${r.name}`,
      }}
    />
  );
}

/** EPSS, and whether somebody exploits it already. */
function Exploited({ match }: { match: Match }) {
  const t = useText().vulns;
  const formats = useFormats();
  return (
    <>
      <div>{match.epss === undefined ? t.unknownEpss : `${t.epss} ${formats.share(match.epss)}`}</div>
      <SpaceBetween direction="horizontal" size="xxs">
        {match.kev && <Badge color="red">{t.kev}</Badge>}
        {match.exploit && <Badge>{t.exploit}</Badge>}
      </SpaceBetween>
    </>
  );
}

/** The rows of all images; an image that several traits name is one row, and so is a CVE. */
function rowsOf(traits: Trait[], counts: (all: number, fixable: number) => string): Row[] {
  const rows = new Map<string, Row>();
  for (const e of traits.flatMap((trait) => trait.evidence ?? [])) {
    const image = e.image;
    if (!image?.worst || image.worst.length === 0) {
      continue;
    }
    const workloads = (e.workloads ?? []).map(workloadName);
    rows.set(image.digest, {
      id: image.digest,
      name: e.resource.name,
      note: counts(image.vulnerabilities, image.fixable),
      href: `/images/${encodeURIComponent(image.digest)}`,
      workloads: [...new Set([...(rows.get(image.digest)?.workloads ?? []), ...workloads])],
    });
    for (const m of image.worst) {
      const pack = `${image.digest} ${m.package} ${m.version}`;
      const fix = (image.fixes ?? []).find((f) => f.package === m.package && f.version === m.version);
      rows.set(pack, {
        id: pack,
        parent: image.digest,
        name: `${m.package} ${m.version}`,
        ...(m.layer ? { layer: m.layer } : {}),
        ...(fix ? { fixed: fix.fixed_in } : {}),
      });
      rows.set(`${pack} ${m.id}`, {
        id: `${pack} ${m.id}`,
        parent: pack,
        name: m.id,
        href: `/vulnerabilities/${encodeURIComponent(m.id)}`,
        match: m,
        ...(m.layer ? { layer: m.layer } : {}),
      });
    }
  }
  return [...rows.values()];
}
