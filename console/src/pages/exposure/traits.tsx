import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useState } from "react";
import type { Schemas } from "../../api/native";
import { Empty } from "../../parts/problems";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { EvidenceList } from "./evidence";
import type { Finding } from "./queries";
import { Vulnerabilities } from "./vulnerabilities";

type Trait = Schemas["ExposureTraitState"];
type Kind = "all" | "contributing" | "contextual" | "unknown" | "stale";

const kinds: Kind[] = ["all", "contributing", "contextual", "unknown", "stale"];

const isOf = (kind: Kind) => (t: Trait) => kind === "all" || (kind === "stale" ? t.stale === true : t.standing === kind);

/** All traits with their evidence, by type or by signal, and the vulnerabilities in one table. */
export function Traits({ finding }: { finding: Finding }) {
  const text = useText();
  const formats = useFormats();
  const t = text.traits;
  const [kind, setKind] = useState<Kind>("all");
  const [by, setBy] = useState("type");
  const all = finding.traits ?? [];
  const shown = all.filter(isOf(kind));
  const label = (k: Kind) => (k === "all" ? t.all : k === "stale" ? t.stale : (t.standings[k] ?? k));
  return (
    <SpaceBetween size="l">
      <div className="spread">
        <SegmentedControl
          label={t.show}
          selectedId={kind}
          onChange={(e) => setKind(e.detail.selectedId as Kind)}
          options={kinds.map((k) => ({ id: k, text: `${label(k)} (${formats.number(all.filter(isOf(k)).length)})` }))}
        />
        <SegmentedControl
          label={t.by}
          selectedId={by}
          onChange={(e) => setBy(e.detail.selectedId)}
          options={[
            { id: "type", text: t.byType },
            { id: "signal", text: t.bySignal },
          ]}
        />
      </div>
      {shown.length === 0 && <Empty title={t.none}>{t.noneText}</Empty>}
      {by === "type" ? <ByType traits={shown} /> : <BySignal finding={finding} traits={shown} />}
      <Vulnerabilities traits={shown} />
    </SpaceBetween>
  );
}

function ByType({ traits }: { traits: Trait[] }) {
  const text = useText();
  const formats = useFormats();
  const types = [...new Set(traits.map((t) => t.type))];
  const groups = types.map((type) => {
    const ofType = traits.filter((t) => t.type === type);
    return (
      <Container
        key={type}
        header={
          <Header variant="h2" counter={`(${formats.number(ofType.length)})`}>
            {text.traitTypes[type] ?? type}
          </Header>
        }
      >
        <SpaceBetween size="s">
          {ofType.map((t) => (
            <OneTrait key={t.id} trait={t} />
          ))}
        </SpaceBetween>
      </Container>
    );
  });
  return <SpaceBetween size="l">{groups}</SpaceBetween>;
}

function BySignal({ finding, traits }: { finding: Finding; traits: Trait[] }) {
  const said = useSaid();
  const signals = (finding.signals ?? [])
    .map((s) => ({ ...s, own: traits.filter((t) => (s.traits ?? []).some((st) => st.id === t.id)) }))
    .filter((s) => s.own.length > 0);
  const groups = signals.map((s) => (
    <Container
      key={s.uid}
      header={
        <Header variant="h2" description={s.uid}>
          {said(s.title)}
        </Header>
      }
    >
      <SpaceBetween size="s">
        {s.own.map((t) => (
          <OneTrait key={t.id} trait={{ ...t, evidence: (t.evidence ?? []).filter((e) => e.resource.uid === s.resource.uid) }} />
        ))}
      </SpaceBetween>
    </Container>
  ));
  return <SpaceBetween size="l">{groups}</SpaceBetween>;
}

function OneTrait({ trait }: { trait: Trait }) {
  const said = useSaid();
  const text = useText();
  const formats = useFormats();
  const t = text.traits;
  return (
    <ExpandableSection
      headerText={
        <span className="trait-title">
          {said(trait.title)}{" "}
          <Badge color={trait.standing === "contributing" ? "red" : "grey"}>{t.standings[trait.standing] ?? trait.standing}</Badge>{" "}
          {trait.stale && <Badge color="grey">{t.stale}</Badge>}
        </span>
      }
      headerDescription={t.seen(formats.time(trait.first_seen), formats.time(trait.last_seen))}
      headingTagOverride="h3"
    >
      <SpaceBetween size="m">
        {trait.stale && <StatusIndicator type="warning">{t.staleText(formats.time(trait.last_seen))}</StatusIndicator>}
        {trait.standing === "contextual" && <Box color="text-body-secondary">{t.contextualNote}</Box>}
        {trait.standing === "unknown" && <Box color="text-body-secondary">{t.unknownNote}</Box>}
        <EvidenceList evidence={trait.evidence ?? []} />
        {trait.unknowns && trait.unknowns.length > 0 && (
          <div>
            <Box variant="awsui-key-label">{t.unknowns}</Box>
            <ul>
              {trait.unknowns.map((u) => (
                <li key={u}>{said(u)}</li>
              ))}
            </ul>
          </div>
        )}
      </SpaceBetween>
    </ExpandableSection>
  );
}
