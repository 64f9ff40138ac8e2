import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { getScan, startScan, type Scan } from "../api/manage";
import type { Schemas } from "../api/native";
import { useFormats, useText, type Text } from "../text";
import type { Formats } from "../text/format";
import { useNotices } from "./notices";

// The scan that this page started last; it is followed whatever page is shown.
let followed = "";
const listeners = new Set<() => void>();

function follow(id: string) {
  followed = id;
  for (const listener of listeners) {
    listener();
  }
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
};

const over = (scan: Scan) => scan.state === "finished" || scan.state === "failed";

/** Gives a way to start a scan, and whether one is being started. */
export function useScan() {
  const text = useText();
  const { fail } = useNotices();
  const start = useMutation({
    mutationFn: (scope: Schemas["ScanRequest"]) => startScan(scope),
    onSuccess: (scan) => follow(scan.id),
    onError: (error) => fail(text.scans.notStarted, error),
  });
  return { start: start.mutate, starting: start.isPending };
}

function words(scan: Scan, text: Text, formats: Formats) {
  const { clusters, scanned, failed } = scan.progress;
  if (!over(scan)) {
    const content = clusters > 0 ? text.scans.progress(formats.number(scanned), formats.number(clusters)) : undefined;
    const header = scan.state === "discovering" ? text.scans.discovering : text.scans.scanning;
    return { type: "in-progress" as const, header, content };
  }
  const result = text.scans.result(formats.number(scanned), scanned);
  const content = failed > 0 ? `${result} ${text.scans.failed(formats.number(failed))}` : result;
  return scan.state === "failed"
    ? { type: "error" as const, header: text.scans.notDiscovered, content: scan.problem }
    : { type: failed > 0 ? ("warning" as const) : ("success" as const), header: text.scans.done, content };
}

/** Follows the scan that was started, tells how it goes, and has the lists read again as it does. */
export function useScanNotices() {
  const id = useSyncExternalStore(subscribe, () => followed);
  const client = useQueryClient();
  const text = useText();
  const formats = useFormats();
  const { notify } = useNotices();
  const { data: scan } = useQuery({
    queryKey: ["scan", id],
    queryFn: ({ signal }) => getScan(id, signal),
    enabled: id !== "",
    refetchInterval: ({ state }) => (state.data && over(state.data) ? false : 1500),
  });
  const scanned = scan?.progress.scanned;
  const state = scan?.state;
  useEffect(() => {
    if (scan) {
      notify(words(scan, text, formats), "scan");
    }
  }, [scan, text, formats, notify]);
  useEffect(() => {
    if (state) {
      void client.invalidateQueries({ predicate: (q) => q.queryKey[0] !== "session" && q.queryKey[0] !== "scan" });
    }
  }, [state, scanned, client]);
}
