import { graphlib, layout } from "@dagrejs/dagre";
import type { Schemas } from "../../../api/native";

type AttackPath = Schemas["ExposureAttackPath"];
export type PathNode = Schemas["ExposurePathNode"];
export type PathEdge = Schemas["ExposurePathEdge"];

/** What a resource is to the exposure. */
export type Role = "primary" | "involved" | "entry" | "blast";

/** A resource in its place. */
export interface Placed extends PathNode {
  role: Role;
  x: number;
  y: number;
  /** How many resources collapsing this one hides. */
  hidden: number;
}

export const nodeSize = { width: 216, height: 58 };

const entries = new Set(["PublicInternet", "CollapsedNetworkPath"]);

function roleOf(n: PathNode, primary: string): Role {
  if (entries.has(n.type)) {
    return "entry";
  }
  if (n.blast_radius) {
    return "blast";
  }
  return n.uid === primary ? "primary" : "involved";
}

/** A graph of resources that can be walked in both directions. */
export class Graph {
  readonly nodes: PathNode[];
  readonly edges: PathEdge[];
  private readonly after = new Map<string, PathEdge[]>();
  private readonly before = new Map<string, PathEdge[]>();

  constructor(
    path: AttackPath,
    private readonly primary: string,
  ) {
    this.nodes = path.nodes ?? [];
    this.edges = path.edges ?? [];
    for (const e of this.edges) {
      this.after.set(e.from, [...(this.after.get(e.from) ?? []), e]);
      this.before.set(e.to, [...(this.before.get(e.to) ?? []), e]);
    }
  }

  node(id: string): PathNode | undefined {
    return this.nodes.find((n) => n.id === id);
  }

  out(id: string): PathEdge[] {
    return this.after.get(id) ?? [];
  }

  into(id: string): PathEdge[] {
    return this.before.get(id) ?? [];
  }

  /** Where paths begin: what nothing leads to, and the first resource of what only leads in circles. */
  roots(): PathNode[] {
    const roots = this.nodes.filter((n) => this.into(n.id).length === 0);
    const reached = this.reached(
      roots.map((r) => r.id),
      new Set(),
    );
    for (const n of this.nodes) {
      if (!reached.has(n.id)) {
        roots.push(n);
        for (const id of this.reached([n.id], new Set())) {
          reached.add(id);
        }
      }
    }
    return roots;
  }

  /** What is reached from some resources when nothing is followed beyond the collapsed ones. */
  reached(from: string[], collapsed: Set<string>): Set<string> {
    const seen = new Set(from);
    const queue = [...from];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      if (collapsed.has(id)) {
        continue;
      }
      for (const { to } of this.out(id)) {
        if (!seen.has(to)) {
          seen.add(to);
          queue.push(to);
        }
      }
    }
    return seen;
  }

  /** Places what is visible from left to right. */
  placed(collapsed: Set<string>): { nodes: Placed[]; edges: PathEdge[] } {
    const roots = this.roots().map((n) => n.id);
    const visible = this.reached(roots, collapsed);
    const g = new graphlib.Graph()
      .setGraph({ rankdir: "LR", nodesep: 16, ranksep: 48, marginx: 8, marginy: 8 })
      .setDefaultEdgeLabel(() => ({}));
    for (const id of visible) {
      g.setNode(id, { ...nodeSize });
    }
    const edges = this.edges.filter((e) => visible.has(e.from) && visible.has(e.to) && !collapsed.has(e.from));
    for (const e of edges) {
      g.setEdge(e.from, e.to);
    }
    layout(g);
    const nodes = this.nodes
      .filter((n) => visible.has(n.id))
      .map((n) => {
        const { x, y } = g.node(n.id) as { x: number; y: number };
        const hidden = collapsed.has(n.id) ? this.reached(roots, new Set([...collapsed].filter((c) => c !== n.id))).size - visible.size : 0;
        return { ...n, role: roleOf(n, this.primary), x: x - nodeSize.width / 2, y: y - nodeSize.height / 2, hidden };
      });
    return { nodes, edges };
  }
}

/** The resource that an arrow key leads to from one: along the path, or to its neighbour above or below. */
export function neighbour(graph: Graph, nodes: Placed[], id: string, key: string): string | undefined {
  const here = nodes.find((n) => n.id === id);
  const there = (ids: string[]) => nodes.filter((n) => ids.includes(n.id)).sort((a, b) => a.y - b.y)[0]?.id;
  switch (key) {
    case "ArrowRight":
      return there(graph.out(id).map((e) => e.to));
    case "ArrowLeft":
      return there(graph.into(id).map((e) => e.from));
    case "ArrowDown":
    case "ArrowUp": {
      const column = nodes.filter((n) => here && Math.abs(n.x - here.x) < nodeSize.width / 2).sort((a, b) => a.y - b.y);
      return column[column.findIndex((n) => n.id === id) + (key === "ArrowDown" ? 1 : -1)]?.id;
    }
    default:
      return undefined;
  }
}
