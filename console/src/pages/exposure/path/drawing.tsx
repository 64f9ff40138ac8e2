import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type Edge, MarkerType, ReactFlow, useReactFlow } from "@xyflow/react";
import { type KeyboardEvent, useEffect, useMemo, useRef } from "react";
import { useFormats, useText } from "../../../text";
import { Graph, neighbour, nodeSize } from "./graph";
import { ResourceCard, type ResourceNode } from "./node";

interface Props {
  graph: Graph;
  collapsed: Set<string>;
  chosen: string | undefined;
  onChoose: (id: string | undefined) => void;
  onToggle: (id: string) => void;
  onCollapseAll: (all: boolean) => void;
}

const nodeTypes = { resource: ResourceCard };
// The controls are at the top and the hint at the bottom: nothing is drawn under them.
const fitting = { padding: { top: "52px", bottom: "36px", x: "16px" }, minZoom: 0.35, maxZoom: 1 } as const;

/** The graph itself, with its controls. */
export function Drawing({ graph, collapsed, chosen, onChoose, onToggle, onCollapseAll }: Props) {
  const text = useText();
  const formats = useFormats();
  const t = text.path;
  const frame = useRef<HTMLDivElement>(null);
  const flow = useReactFlow();
  const placed = useMemo(() => graph.placed(collapsed), [graph, collapsed]);
  const nodes = placed.nodes.map((resource): ResourceNode => ({
    id: resource.id,
    type: "resource",
    position: { x: resource.x, y: resource.y },
    data: { resource },
    selected: resource.id === chosen,
    ...nodeSize,
    ariaRole: "button",
    ariaLabel: t.node(resource.name, t.types[resource.type] ?? resource.type, resource.traits?.length ?? 0),
    domAttributes: { "aria-pressed": resource.id === chosen },
  }));
  const edges = placed.edges.map((e): Edge => ({
    id: `${e.from}-${e.to}`,
    source: e.from,
    target: e.to,
    type: "smoothstep",
    focusable: false,
    selectable: false,
    className: chosen === e.from || chosen === e.to ? "path-edge-on" : "",
    markerEnd: { type: MarkerType.ArrowClosed },
  }));
  useEffect(() => {
    void flow.fitView(fitting);
  }, [flow, placed]);

  const onKeyDown = (event: KeyboardEvent) => {
    const id = document.activeElement?.closest(".react-flow__node")?.getAttribute("data-id");
    switch (event.key) {
      case "+":
      case "=":
        void flow.zoomIn();
        return;
      case "-":
        void flow.zoomOut();
        return;
      case "0":
        void flow.fitView(fitting);
        return;
      case "Enter":
      case " ":
        if (id) {
          event.preventDefault();
          onChoose(id);
        }
        return;
    }
    const next = id && neighbour(graph, placed.nodes, id, event.key);
    if (next) {
      event.preventDefault();
      frame.current?.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(next)}"]`)?.focus();
    }
  };

  return (
    // The keys work on what is focused inside.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div className="path-frame" ref={frame} onKeyDown={onKeyDown}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        onNodeClick={(_, n) => onChoose(n.id)}
        onNodeDoubleClick={(_, n) => graph.out(n.id).length > 0 && onToggle(n.id)}
        onPaneClick={() => onChoose(undefined)}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable
        edgesFocusable={false}
        disableKeyboardA11y
        zoomOnDoubleClick={false}
        preventScrolling={false}
        zoomOnScroll={false}
        zoomActivationKeyCode={["Control", "Meta"]}
        minZoom={0.2}
        maxZoom={2}
        fitView
        fitViewOptions={fitting}
        aria-label={t.label}
        aria-roledescription=""
        proOptions={{ hideAttribution: true }}
      />
      <div className="path-controls">
        <SpaceBetween direction="horizontal" size="xxs" alignItems="center">
          <Button variant="icon" iconName="zoom-in" ariaLabel={t.zoomIn} onClick={() => void flow.zoomIn()} />
          <Button variant="icon" iconName="zoom-out" ariaLabel={t.zoomOut} onClick={() => void flow.zoomOut()} />
          <Button variant="icon" iconName="zoom-to-fit" ariaLabel={t.fit} onClick={() => void flow.fitView(fitting)} />
          <Button variant="icon" iconName="full-screen" ariaLabel={t.fullscreen} onClick={() => void toggleFullscreen(frame.current)} />
          <Button variant="inline-link" onClick={() => onCollapseAll(collapsed.size === 0)}>
            {collapsed.size === 0 ? t.collapseAll : t.expandAll}
          </Button>
        </SpaceBetween>
      </div>
      <span className="path-hint">{t.hint}</span>
      <span className="path-total" aria-hidden="true">
        {formats.number(placed.nodes.length)} / {formats.number(graph.nodes.length)}
      </span>
    </div>
  );
}

function toggleFullscreen(element: Element | null): Promise<void> | undefined {
  return document.fullscreenElement ? document.exitFullscreen() : element?.requestFullscreen();
}
