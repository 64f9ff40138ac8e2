import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { Copy } from "../../../parts/copy";
import { useFormats, useText } from "../../../text";
import type { Graph, PathEdge } from "./graph";

interface Props {
  graph: Graph;
  id: string | undefined;
  titles: Map<string, string>;
  collapsed: Set<string>;
  onChoose: (id: string | undefined) => void;
  onToggle: (id: string) => void;
}

/** Traits, identifier and neighbours of the resource that is chosen. */
export function PathDetails({ graph, id, titles, collapsed, onChoose, onToggle }: Props) {
  const text = useText();
  const formats = useFormats();
  const t = text.path;
  const node = id === undefined ? undefined : graph.node(id);
  if (!node) {
    return undefined;
  }
  const beyond = graph.reached([node.id], new Set()).size - 1;
  return (
    <div className="path-details" aria-live="polite">
      <SpaceBetween size="s">
        <div className="spread">
          <Box variant="h3">{node.name}</Box>
          <Button variant="icon" iconName="close" ariaLabel={text.common.close} onClick={() => onChoose(undefined)} />
        </div>
        <Labelled label={t.type}>{t.types[node.type] ?? node.type}</Labelled>
        <Labelled label={t.identifier}>
          <Copy value={node.uid} />
        </Labelled>
        <Labelled label={t.traits}>
          {node.traits && node.traits.length > 0 ? (
            <SpaceBetween direction="horizontal" size="xxs">
              {node.traits.map((trait) => (
                <Badge key={trait}>{titles.get(trait) ?? trait}</Badge>
              ))}
            </SpaceBetween>
          ) : (
            t.noTraits
          )}
        </Labelled>
        <Neighbours label={t.from} edges={graph.into(node.id)} end="from" graph={graph} onChoose={onChoose} />
        <Neighbours label={t.leads} edges={graph.out(node.id)} end="to" graph={graph} onChoose={onChoose} />
        {beyond > 0 && (
          <Button onClick={() => onToggle(node.id)}>{collapsed.has(node.id) ? t.expand(formats.number(beyond)) : t.collapse}</Button>
        )}
      </SpaceBetween>
    </div>
  );
}

function Labelled({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div>
      <Box variant="awsui-key-label">{label}</Box>
      <div className="path-value">{children}</div>
    </div>
  );
}

interface NeighboursProps {
  label: string;
  edges: PathEdge[];
  end: "from" | "to";
  graph: Graph;
  onChoose: (id: string) => void;
}

function Neighbours({ label, edges, end, graph, onChoose }: NeighboursProps) {
  if (edges.length === 0) {
    return undefined;
  }
  return (
    <Labelled label={label}>
      <ul className="plain">
        {edges.map((e) => (
          <li key={e[end]}>
            <Box color="text-body-secondary" fontSize="body-s" display="inline">
              {e.relation}{" "}
            </Box>
            <Button variant="inline-link" onClick={() => onChoose(e[end])}>
              {graph.node(e[end])?.name ?? e[end]}
            </Button>
          </li>
        ))}
      </ul>
    </Labelled>
  );
}
