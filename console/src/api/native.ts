import type { components } from "./openapi";
import { request, segment } from "./request";

/** The schemas of the native API, made from docs/api/openapi.json. */
export type Schemas = components["schemas"];

const v1 = "/api/v1";

export const getFinding = (id: string, signal?: AbortSignal): Promise<Schemas["ExposureFinding"]> =>
  request("GET", `${v1}/findings/${segment(id)}`, undefined, signal);

export const getHistory = (id: string, signal?: AbortSignal): Promise<Schemas["History"]> =>
  request("GET", `${v1}/findings/${segment(id)}/history`, undefined, signal);

export const getTopics = (id: string, signal?: AbortSignal): Promise<Schemas["Topics"]> =>
  request("GET", `${v1}/findings/${segment(id)}/topics`, undefined, signal);

export const project = (id: string, topics: string[], signal?: AbortSignal): Promise<Schemas["Projection"]> =>
  request("POST", `${v1}/findings/${segment(id)}/projection`, { topics }, signal);

export const getGuidance = (id: string, topic: string, signal?: AbortSignal): Promise<Schemas["TopicGuidance"]> =>
  request("GET", `${v1}/findings/${segment(id)}/topics/${segment(topic)}/guidance`, undefined, signal);

export const getPreferences = (signal?: AbortSignal): Promise<Schemas["PreferenceSet"]> =>
  request("GET", `${v1}/preferences`, undefined, signal);

export const putPreferences = (values: Record<string, unknown>): Promise<Schemas["PreferenceSet"]> =>
  request("PUT", `${v1}/preferences`, { values });

export const getTraits = (signal?: AbortSignal): Promise<Schemas["Traits"]> => request("GET", `${v1}/traits`, undefined, signal);

export const getVersion = (signal?: AbortSignal): Promise<Schemas["Build"]> => request("GET", `${v1}/version`, undefined, signal);

export const startExport = (body: Partial<Schemas["FolderExport"]>): Promise<Schemas["Export"]> => request("POST", `${v1}/exports`, body);

export const getExport = (id: string, signal?: AbortSignal): Promise<Schemas["Export"]> =>
  request("GET", `${v1}/exports/${segment(id)}`, undefined, signal);

export const getClusterSnapshot = (
  ref: { account: string; region: string; name: string },
  signal?: AbortSignal,
): Promise<Schemas["InventorySnapshot"]> =>
  request("GET", `${v1}/clusters/${segment(ref.account)}/${segment(ref.region)}/${segment(ref.name)}/snapshot`, undefined, signal);
