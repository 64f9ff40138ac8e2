import Box from "@cloudscape-design/components/box";
import type { Cluster } from "../api/inventory";
import type { Schemas } from "../api/native";
import { useFormats, useText } from "../text";
import { State } from "./state";

type VersionSupport = Schemas["InventoryVersionSupport"];

/** Where a version is in EKS's calendar on a day. */
export function phaseOf(v: VersionSupport | undefined, now = Date.now()): "standard" | "extended" | "ended" | "unknown" {
  if (!v) {
    return "unknown";
  }
  const passed = (at: string | undefined) => at !== undefined && at !== "" && new Date(at).getTime() <= now;
  if (passed(v.end_of_extended)) {
    return "ended";
  }
  return v.status === "EXTENDED_SUPPORT" || passed(v.end_of_standard) ? "extended" : "standard";
}

/** Says whether a version is supported, and until when unless that is said beside it. */
export function Support({ support, brief = false }: { support: VersionSupport | undefined; brief?: boolean }) {
  const text = useText().clusters;
  const formats = useFormats();
  const phase = phaseOf(support);
  const { type, word } = {
    standard: { type: "success" as const, word: text.standard },
    extended: { type: "warning" as const, word: text.extended },
    ended: { type: "error" as const, word: text.ended },
    unknown: { type: "pending" as const, word: text.supportUnknown },
  }[phase];
  const day = phase === "standard" ? support?.end_of_standard : support?.end_of_extended;
  return (
    <>
      <State type={type}>{word}</State>
      {day && !brief && (
        <Box variant="small" display="block">
          {phase === "ended" ? text.since(formats.day(day)) : text.until(formats.day(day))}
        </Box>
      )}
    </>
  );
}

const everywhere = new Set(["0.0.0.0/0", "::/0"]);

/** Says from where a cluster's Kubernetes API is reached. */
export function Endpoint({ cluster }: { cluster: Cluster["cluster"] }) {
  const text = useText().clusters;
  const formats = useFormats();
  const e = cluster.endpoint;
  if (!e) {
    return <State type="pending">{text.endpointUnknown}</State>;
  }
  if (!e.public) {
    return <State type="success">{text.private}</State>;
  }
  const ranges = e.public_cidrs ?? [];
  if (ranges.length === 0 || ranges.some((r) => everywhere.has(r))) {
    return <State type="warning">{text.open}</State>;
  }
  return <State type="info">{text.limited(formats.number(ranges.length), ranges.length)}</State>;
}

/** Says whose key a cluster's secrets are encrypted with. */
export function Encryption({ encryption }: { encryption: string }) {
  const text = useText().clusters;
  const type = encryption === "none" ? "warning" : encryption === "unknown" ? "pending" : "success";
  return <State type={type}>{text.keys[encryption] ?? encryption}</State>;
}

/** Says whether all of a cluster was read and decided. */
export function Coverage({ cluster }: { cluster: Cluster }) {
  const text = useText().clusters;
  const formats = useFormats();
  const gaps = cluster.gaps?.length ?? 0;
  const unknown = cluster.unknown?.length ?? 0;
  if (gaps + unknown === 0) {
    return <State type="success">{text.complete}</State>;
  }
  return <State type="warning">{gaps > 0 ? text.gaps(formats.number(gaps), gaps) : text.undecided(formats.number(unknown))}</State>;
}
