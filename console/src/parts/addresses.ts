import type { ClusterRef } from "../api/inventory";

/** The address of a cluster's page. */
export const clusterAddress = (ref: Pick<ClusterRef, "account" | "region" | "name">): string =>
  `/clusters/${ref.account}/${ref.region}/${encodeURIComponent(ref.name)}`;

/** The address of an image's page. */
export const imageAddress = (digest: string): string => `/images/${encodeURIComponent(digest)}`;

/** The address of a vulnerability's page. */
export const vulnerabilityAddress = (id: string): string => `/vulnerabilities/${encodeURIComponent(id)}`;

/** The address of a finding's page. */
export const exposureAddress = (id: string): string => `/exposures/${encodeURIComponent(id)}`;

/** The address of a plan's page. */
export const planAddress = (id: string): string => `/remediation/${encodeURIComponent(id)}`;

/** The address of a fleet plan's page. */
export const fleetPlanAddress = (id: string): string => `/remediation/fleet/${encodeURIComponent(id)}`;

/** Where a fleet plan is drafted. */
export const newFleetPlanAddress = "/remediation/fleet/new";

/** The address of the exposures that are open and have some values in some fields. */
export function exposuresAddress(values: Record<string, string[]>): string {
  const asked = { status: ["New", "In Progress"], ...values };
  const tokenGroups = Object.entries(asked).flatMap(([propertyKey, value]) =>
    value.length ? [{ propertyKey, operator: "=", value }] : [],
  );
  return `/exposures?${new URLSearchParams({ filter: JSON.stringify({ operation: "and", tokenGroups }), group: "none" }).toString()}`;
}

/** The part of a digest that tells images apart at a glance. */
export const shortDigest = (digest: string): string => digest.replace(/^sha256:/, "").slice(0, 12);

/** The last parts of a repository's name: the registry is the same for most. */
export const shortRepository = (repository: string): string => repository.replace(/^[^/]*\.[^/]*\//, "");
