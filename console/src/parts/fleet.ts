import { queryOptions } from "@tanstack/react-query";
import { getCoverage, getPlaces, getVersions } from "../api/inventory";

/** What could not be evaluated. */
export const coverageQuery = queryOptions({ queryKey: ["coverage"], queryFn: ({ signal }) => getCoverage(signal) });

/** The Kubernetes versions of all clusters, and what they cost. */
export const versionsQuery = queryOptions({ queryKey: ["versions"], queryFn: ({ signal }) => getVersions(signal) });

/** The accounts and regions that have clusters. */
export const placesQuery = queryOptions({ queryKey: ["places"], queryFn: ({ signal }) => getPlaces(signal) });
