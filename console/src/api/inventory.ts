import type { Schemas } from "./native";
import { query, request, segment } from "./request";

export type Cluster = Schemas["ExposureClusterRecord"];
export type ClusterRef = Schemas["InventoryClusterRef"];
export type Image = Schemas["InventoryImageRecord"];
export type Vulnerability = Schemas["InventoryVulnerabilityRecord"];

const v1 = "/api/v1";
const pageSize = 200;

/** What a list has, and whether there is more than is shown. */
export interface Whole<T> {
  items: T[];
  more: boolean;
}

/** A list is read whole up to this many pages; beyond, filters of the server narrow it. */
const maxPages = 10;

async function whole<T>(read: (cursor: string | undefined) => Promise<{ items: T[] | null; next_cursor?: string }>): Promise<Whole<T>> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let n = 0; n < maxPages; n++) {
    const page = await read(cursor);
    items.push(...(page.items ?? []));
    cursor = page.next_cursor;
    if (!cursor) {
      return { items, more: false };
    }
  }
  return { items, more: true };
}

/** What is asked of a list that the server searches, sorts and cuts. */
interface Paged {
  q?: string;
  sort?: string;
  cursor?: string;
  limit: number;
}

export const getClusters = (asked: Paged & { account?: string; region?: string }, signal?: AbortSignal): Promise<Schemas["ClusterList"]> =>
  request("GET", `${v1}/clusters${query({ ...asked })}`, undefined, signal);

export const getPlaces = (signal?: AbortSignal): Promise<Schemas["Places"]> => request("GET", `${v1}/places`, undefined, signal);

const clusterPath = (ref: Pick<ClusterRef, "account" | "region" | "name">) =>
  `${v1}/clusters/${segment(ref.account)}/${segment(ref.region)}/${segment(ref.name)}`;

export const getCluster = (ref: Pick<ClusterRef, "account" | "region" | "name">, signal?: AbortSignal): Promise<Cluster> =>
  request("GET", clusterPath(ref), undefined, signal);

export const getSnapshot = (
  ref: Pick<ClusterRef, "account" | "region" | "name">,
  signal?: AbortSignal,
): Promise<Schemas["InventorySnapshot"]> => request("GET", `${clusterPath(ref)}/snapshot`, undefined, signal);

export const getImages = (asked: Paged & { unread?: string; running?: string }, signal?: AbortSignal): Promise<Schemas["ImageList"]> =>
  request("GET", `${v1}/images${query({ ...asked })}`, undefined, signal);

export const getImage = (digest: string, signal?: AbortSignal): Promise<Image> =>
  request("GET", `${v1}/images/${segment(digest)}`, undefined, signal);

export const getImageUses = (digest: string, signal?: AbortSignal): Promise<Whole<Schemas["InventoryImageUse"]>> =>
  whole((cursor) => request("GET", `${v1}/images/${segment(digest)}/uses${query({ limit: pageSize, cursor })}`, undefined, signal));

export const getVulnerabilities = (
  q: { sort?: string; id?: string; severity?: string; kev?: string; fixable?: string; running?: string; limit?: number; cursor?: string },
  signal?: AbortSignal,
): Promise<Schemas["VulnerabilityList"]> => request("GET", `${v1}/vulnerabilities${query(q)}`, undefined, signal);

export const getVulnerableImages = (id: string, signal?: AbortSignal): Promise<Whole<Schemas["InventoryVulnerableImage"]>> =>
  whole((cursor) => request("GET", `${v1}/vulnerabilities/${segment(id)}/images${query({ limit: pageSize, cursor })}`, undefined, signal));

export const getCoverage = (signal?: AbortSignal): Promise<Schemas["Coverage"]> => request("GET", `${v1}/coverage`, undefined, signal);

export const getVersions = (signal?: AbortSignal): Promise<Schemas["Versions"]> => request("GET", `${v1}/versions`, undefined, signal);

/** One value of a filter, or some. */
type Some = string | string[];

export const getFixSet = (
  q: { wish: string; account?: Some; region?: Some; severity?: Some },
  signal?: AbortSignal,
): Promise<Schemas["ExposureFleetFixSet"]> => request("GET", `${v1}/fix-set${query(q)}`, undefined, signal);
