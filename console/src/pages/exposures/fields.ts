import type { Text } from "../../text";

/** How a field is compared, and so which kind of filter it becomes. */
export type Kind = "text" | "number" | "date" | "days" | "boolean" | "map" | "trait";

/** A field that findings can be filtered by. */
export interface Field {
  key: string;
  kind: Kind;
  label: (t: Text) => string;
  group: "finding" | "cluster" | "resource" | "vulnerability";
  /** Statistics can be grouped by it, so its values can be suggested. */
  suggested?: boolean;
}

const field = (key: string, kind: Kind, group: Field["group"], label: Field["label"], suggested = false): Field => ({
  key,
  kind,
  group,
  label,
  suggested,
});

/** The pseudo field of traits: in the API it is the map `finding_info.tags` of types and titles. */
export const traitField = "finding_info.tags";

/** The fields of the filter language that findings of clusters have values for. */
export const fields: Field[] = [
  field("severity", "text", "finding", (t) => t.exposures.fields.severity, true),
  field("status", "text", "finding", (t) => t.exposures.fields.status, true),
  field("finding_info.title", "text", "finding", (t) => t.exposures.fields.title, true),
  field("finding_info.types", "text", "finding", (t) => t.exposures.fields.types, true),
  field(traitField, "trait", "finding", (t) => t.exposures.fields.trait),
  field("finding_info.related_events.traits.category", "text", "finding", (t) => t.exposures.fields.traitType, true),
  field("likelihood", "text", "finding", (t) => t.exposures.fields.likelihood, true),
  field("impact", "text", "finding", (t) => t.exposures.fields.impact, true),
  field("vendor_attributes.severity", "text", "finding", (t) => t.exposures.fields.computedSeverity, true),
  field("activity_name", "text", "finding", (t) => t.exposures.fields.activity, true),
  field("comment", "text", "finding", (t) => t.exposures.fields.comment),
  field("finding_info.desc", "text", "finding", (t) => t.exposures.fields.description),
  field("metadata.uid", "text", "finding", (t) => t.exposures.fields.id),
  field("finding_info.related_events_count", "number", "finding", (t) => t.exposures.fields.signals),
  field("modified.days", "days", "finding", (t) => t.exposures.fields.modifiedDays),
  field("finding_info.created_time_dt", "date", "finding", (t) => t.exposures.fields.created),
  field("finding_info.modified_time_dt", "date", "finding", (t) => t.exposures.fields.modified),
  field("finding_info.first_seen_time_dt", "date", "finding", (t) => t.exposures.fields.firstSeen),
  field("finding_info.last_seen_time_dt", "date", "finding", (t) => t.exposures.fields.lastSeen),
  field("cloud.account.uid", "text", "cluster", (t) => t.exposures.fields.account, true),
  field("cloud.account.name", "text", "cluster", (t) => t.exposures.fields.accountName, true),
  field("cloud.region", "text", "cluster", (t) => t.exposures.fields.region, true),
  field("resources.cloud_partition", "text", "cluster", (t) => t.exposures.fields.partition, true),
  field("resources.vpc_uid", "text", "cluster", (t) => t.exposures.fields.vpc),
  field("resources.tags", "map", "cluster", (t) => t.exposures.fields.tag),
  field("resources.name", "text", "resource", (t) => t.exposures.fields.resource, true),
  field("resources.type", "text", "resource", (t) => t.exposures.fields.resourceType, true),
  field("resources.uid", "text", "resource", (t) => t.exposures.fields.resourceId),
  field("resources.image.repository_name", "text", "resource", (t) => t.exposures.fields.repository),
  field("resources.image.uid", "text", "resource", (t) => t.exposures.fields.image),
  field("vulnerabilities.cve.uid", "text", "vulnerability", (t) => t.exposures.fields.cve),
  field("vulnerabilities.affected_packages.name", "text", "vulnerability", (t) => t.exposures.fields.package, true),
  field("vulnerabilities.cve.cvss.base_score", "number", "vulnerability", (t) => t.exposures.fields.cvss),
  field("vulnerabilities.is_exploit_available", "boolean", "vulnerability", (t) => t.exposures.fields.exploit),
  field("vulnerabilities.is_fix_available", "boolean", "vulnerability", (t) => t.exposures.fields.fix),
];

const byKey = new Map(fields.map((f) => [f.key, f]));

/** Finds a field by its key. */
export const fieldOf = (key: string): Field | undefined => byKey.get(key);
