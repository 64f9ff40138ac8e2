import { getFindings } from "../../api/hub";
import { clusterOf, type Finding } from "../../api/ocsf";
import { filtersOf } from "./filters";
import { orderOf, queryWithin } from "./requests";
import type { ListState } from "./state";

export type Format = "csv" | "ndjson";

/** A browser's file ends here; the server's own exports have no end. */
export const maxDownloaded = 10_000;

/** The columns of a CSV file, by the names of the filter language. */
const columns: [string, (f: Finding) => string | number | undefined][] = [
  ["metadata.uid", (f) => f.metadata.uid],
  ["severity", (f) => f.severity],
  ["status", (f) => f.status],
  ["finding_info.title", (f) => f.finding_info.title],
  ["resources.name", (f) => clusterOf(f)?.name],
  ["resources.uid", (f) => clusterOf(f)?.uid],
  ["cloud.account.uid", (f) => f.cloud.account.uid],
  ["cloud.account.name", (f) => f.cloud.account.name],
  ["cloud.region", (f) => f.cloud.region],
  ["finding_info.types", (f) => f.finding_info.types.join("; ")],
  ["likelihood", (f) => f.likelihood],
  ["impact", (f) => f.impact],
  ["finding_info.related_events_count", (f) => f.finding_info.related_events_count],
  ["finding_info.first_seen_time_dt", (f) => f.finding_info.first_seen_time_dt],
  ["finding_info.modified_time_dt", (f) => f.finding_info.modified_time_dt],
  ["comment", (f) => f.comment],
];

/** The fields of a server's export: those of a browser's. */
export const exportedFields = columns.map(([name]) => name);

/** A cell of RFC 4180; what a spreadsheet would run as a formula begins with an apostrophe. */
function cell(value: string | number | undefined): string {
  const text = value === undefined ? "" : String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Writes findings as a file's text. */
export function written(findings: Finding[], format: Format): string {
  if (format === "ndjson") {
    return findings.map((f) => `${JSON.stringify(f)}\n`).join("");
  }
  const lines = [exportedFields, ...findings.map((f) => columns.map(([, value]) => value(f)))];
  return lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}

/** Reads all findings of a state, a page after the other, up to the bound. */
export async function readAll(state: ListState, told: (rows: number) => void): Promise<{ findings: Finding[]; capped: boolean }> {
  const findings: Finding[] = [];
  let token: string | undefined;
  do {
    const page = await getFindings({
      Filters: filtersOf(queryWithin(state)),
      SortCriteria: orderOf(state),
      MaxResults: 100,
      NextToken: token,
    });
    findings.push(...page.Findings);
    token = page.NextToken;
    told(findings.length);
  } while (token && findings.length < maxDownloaded);
  return { findings, capped: token !== undefined };
}

/** The media types of the formats. */
export const mediaTypes: Record<Format, string> = { csv: "text/csv;charset=utf-8", ndjson: "application/x-ndjson" };
