import type { Schemas } from "./native";
import { query, request, segment } from "./request";

export type Scan = Schemas["ScheduleJob"];
export type Key = Schemas["AccessKey"];

const v1 = "/api/v1";

export const startScan = (scope: Schemas["ScanRequest"]): Promise<Scan> => request("POST", `${v1}/scans`, scope);

export const getScan = (id: string, signal?: AbortSignal): Promise<Scan> => request("GET", `${v1}/scans/${segment(id)}`, undefined, signal);

export const getScans = (signal?: AbortSignal): Promise<Schemas["ScanList"]> => request("GET", `${v1}/scans`, undefined, signal);

export const getSettings = (signal?: AbortSignal): Promise<Schemas["SettingList"]> => request("GET", `${v1}/settings`, undefined, signal);

export const getKeys = (signal?: AbortSignal): Promise<Schemas["KeyList"]> => request("GET", `${v1}/keys`, undefined, signal);

export const createKey = (key: Schemas["KeyRequest"]): Promise<Schemas["NewKey"]> => request("POST", `${v1}/keys`, key);

export const revokeKey = (id: string): Promise<undefined> => request("DELETE", `${v1}/keys/${segment(id)}`);

export const getSinks = (signal?: AbortSignal): Promise<Schemas["SinkList"]> => request("GET", `${v1}/sinks`, undefined, signal);

export const getLetters = (signal?: AbortSignal): Promise<Schemas["LetterList"]> => request("GET", `${v1}/dead-letters`, undefined, signal);

export const resendLetter = (l: Schemas["DeliverLetter"]): Promise<undefined> =>
  request("POST", `${v1}/dead-letters/${l.number}/resend${query({ sink: l.sink })}`);

export const dropLetter = (l: Schemas["DeliverLetter"]): Promise<undefined> =>
  request("DELETE", `${v1}/dead-letters/${l.number}${query({ sink: l.sink })}`);

export const getAuditLog = (
  q: { principal?: string; operation?: string; limit?: number; cursor?: string },
  signal?: AbortSignal,
): Promise<Schemas["AuditLinePage"]> => request("GET", `${v1}/audit-log${query(q)}`, undefined, signal);
