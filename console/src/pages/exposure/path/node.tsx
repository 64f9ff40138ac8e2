import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { useFormats, useText } from "../../../text";
import type { Placed } from "./graph";

export type ResourceNode = Node<{ resource: Placed }, "resource">;

/** One resource of the graph: its kind, its name, and how many traits it has. */
export function ResourceCard({ data, selected }: NodeProps<ResourceNode>) {
  const text = useText();
  const formats = useFormats();
  const { resource } = data;
  const traits = resource.traits?.length ?? 0;
  return (
    <div className={`path-node path-${resource.role}${selected ? " path-selected" : ""}`}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <div className="path-type">{text.path.types[resource.type] ?? resource.type.split("::").at(-1)}</div>
      <div className="path-name" title={resource.name}>
        {resource.name}
      </div>
      {traits > 0 && <span className="path-count">{formats.number(traits)}</span>}
      {resource.hidden > 0 && <span className="path-hidden">{text.path.hidden(formats.number(resource.hidden))}</span>}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}
