import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useScanNotices } from "./scans";

/** How long changes gather before what is shown is read again. */
const pause = 2000;

/** Has what is shown read again when findings change, and follows scans. It draws nothing. */
export function Live() {
  const client = useQueryClient();
  useScanNotices();
  useEffect(() => {
    let waiting: number | undefined;
    const changed = () => {
      waiting ??= window.setTimeout(() => {
        waiting = undefined;
        void client.invalidateQueries({ predicate: (q) => q.queryKey[0] !== "session" && q.queryKey[0] !== "scan" });
      }, pause);
    };
    const events = new EventSource("/api/v1/events");
    events.addEventListener("Findings Imported V2", changed);
    return () => {
      events.close();
      window.clearTimeout(waiting);
    };
  }, [client]);
  return null;
}
