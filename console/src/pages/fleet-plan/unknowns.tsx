import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import type { Schemas } from "../../api/native";
import type { FleetPlan } from "../../api/plans";
import { clusterAddress } from "../../parts/addresses";
import { PageLink } from "../../parts/follow";
import { checksWith } from "../../parts/plans";
import { State } from "../../parts/state";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";

/** A check without an answer: what its plans say of it, and in which clusters. */
interface Unknown {
  name: string;
  details: { detail: string; clusters: string[] }[];
}

/** The checks without an answer of all plans, each once. */
export function unknownsOf(fleet: FleetPlan): Unknown[] {
  const by = new Map<string, Map<string, string[]>>();
  for (const run of fleet.plans ?? []) {
    for (const { name, detail } of checksWith(run, "unknown")) {
      const details = by.get(name) ?? new Map<string, string[]>();
      details.set(detail, [...(details.get(detail) ?? []), run.plan.cluster.name]);
      by.set(name, details);
    }
  }
  return [...by].map(([name, details]) => ({ name, details: [...details].map(([detail, clusters]) => ({ detail, clusters })) }));
}

/** What nobody looked at, and for which clusters. */
export function Unknowns({ fleet }: { fleet: FleetPlan }) {
  const said = useSaid();
  const text = useText();
  const t = text.fleet;
  const formats = useFormats();
  const unknowns = unknownsOf(fleet);
  return (
    <Container
      header={
        <Header variant="h2" description={unknowns.length > 0 ? t.unknownsText : undefined}>
          {t.unknowns}
        </Header>
      }
    >
      {unknowns.length === 0 ? (
        <State type="success" sentence>
          {t.unknownsNone}
        </State>
      ) : (
        <ul className="plain plan-checks">
          {unknowns.flatMap(({ name, details }) =>
            details.map((d) => (
              <li key={`${name} ${d.detail}`}>
                <State type="warning">{text.plan.verdicts.unknown}</State>
                <strong>{said(name)}</strong>
                <span>
                  {said(d.detail)}
                  <Box color="text-body-secondary" fontSize="body-s">
                    {t.inClusters(formats.list(d.clusters))}
                  </Box>
                </span>
              </li>
            )),
          )}
        </ul>
      )}
    </Container>
  );
}

/** Some clusters, with a reason for each. */
export function Reasons({ title, about, items }: { title: string; about: string; items: readonly Schemas["RemediationOmission"][] }) {
  const said = useSaid();
  return (
    <Container
      header={
        <Header variant="h2" description={about}>
          {title}
        </Header>
      }
    >
      <ul className="plain fleet-omitted">
        {items.map((o) => (
          <li key={`${o.cluster.account} ${o.cluster.region} ${o.cluster.name}`}>
            <PageLink href={clusterAddress(o.cluster)}>{o.cluster.name}</PageLink>
            <span>{said(o.reason)}</span>
          </li>
        ))}
      </ul>
    </Container>
  );
}
