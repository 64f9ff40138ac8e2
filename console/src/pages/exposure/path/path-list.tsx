import { useText } from "../../../text";
import type { Graph, PathNode } from "./graph";

/** The graph in words: where paths begin, and what each resource leads to. */
export function PathList({ graph, titles }: { graph: Graph; titles: Map<string, string> }) {
  return (
    <ul>
      {graph.roots().map((n) => (
        <Branch key={n.id} node={n} relation="" graph={graph} titles={titles} above={[]} />
      ))}
    </ul>
  );
}

interface BranchProps {
  node: PathNode;
  relation: string;
  graph: Graph;
  titles: Map<string, string>;
  /** The resources on the way here: a circle ends where it closes. */
  above: string[];
}

function Branch({ node, relation, graph, titles, above }: BranchProps) {
  const text = useText();
  const traits = (node.traits ?? []).map((id) => titles.get(id) ?? id);
  const next = above.includes(node.id) ? [] : graph.out(node.id);
  return (
    <li>
      {relation && <em>{relation} </em>}
      <strong>{node.name}</strong> ({text.path.types[node.type] ?? node.type}){traits.length > 0 && `: ${traits.join(", ")}`}
      {next.length > 0 && (
        <ul>
          {next.map((e) => {
            const to = graph.node(e.to);
            return to && <Branch key={e.to} node={to} relation={e.relation} graph={graph} titles={titles} above={[...above, node.id]} />;
          })}
        </ul>
      )}
    </li>
  );
}
