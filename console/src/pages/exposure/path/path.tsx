import "@xyflow/react/dist/base.css";
import "./path.css";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { ReactFlowProvider } from "@xyflow/react";
import { useMemo, useState } from "react";
import { Empty } from "../../../parts/problems";
import { useFormats, useText } from "../../../text";
import { useSaid } from "../../../text/said-in";
import type { Finding } from "../queries";
import { PathDetails } from "./details";
import { Drawing } from "./drawing";
import { Graph } from "./graph";
import { Legend } from "./legend";
import { PathList } from "./path-list";

/** Beyond this many resources the graph begins collapsed. */
const manyNodes = 60;

/** The potential attack path: a graph, what is chosen in it, and the same as a list. */
export function Path({ finding }: { finding: Finding }) {
  const said = useSaid();
  const text = useText();
  const formats = useFormats();
  const t = text.path;
  const primary = (finding.resources ?? []).find((r) => r.primary)?.uid ?? "";
  const graph = useMemo(() => new Graph(finding.attack_path, primary), [finding.attack_path, primary]);
  const [chosen, setChosen] = useState<string>();
  const [collapsed, setCollapsed] = useState(() => new Set(graph.nodes.length > manyNodes ? collapsible(graph) : []));
  const titles = useMemo(() => new Map((finding.traits ?? []).map((trait) => [trait.id, said(trait.short)])), [finding.traits, said]);
  if (graph.nodes.length === 0) {
    return <Empty title={t.empty}>{t.emptyText}</Empty>;
  }
  const toggle = (id: string) => {
    const next = new Set(collapsed);
    if (!next.delete(id)) {
      next.add(id);
    }
    setCollapsed(next);
  };
  return (
    <SpaceBetween size="s">
      <div className="path">
        <ReactFlowProvider>
          <Drawing
            graph={graph}
            collapsed={collapsed}
            chosen={chosen}
            onChoose={setChosen}
            onToggle={toggle}
            onCollapseAll={(all) => setCollapsed(new Set(all ? collapsible(graph) : []))}
          />
        </ReactFlowProvider>
        <PathDetails graph={graph} id={chosen} titles={titles} collapsed={collapsed} onChoose={setChosen} onToggle={toggle} />
      </div>
      <Legend />
      {finding.attack_path.left_out ? <div>{t.leftOut(formats.number(finding.attack_path.left_out))}</div> : undefined}
      <ExpandableSection headerText={t.asList}>
        <PathList graph={graph} titles={titles} />
      </ExpandableSection>
    </SpaceBetween>
  );
}

/** What can be collapsed: whatever leads on, but where paths begin. */
function collapsible(graph: Graph): string[] {
  const roots = new Set(graph.roots().map((n) => n.id));
  return graph.nodes.filter((n) => !roots.has(n.id) && graph.out(n.id).length > 0).map((n) => n.id);
}
