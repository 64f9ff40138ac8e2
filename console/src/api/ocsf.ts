/** The parts of an OCSF Detection Finding that lists show. */
export interface Finding {
  metadata: { uid: string; product: { uid: string } };
  finding_info: {
    uid: string;
    title: string;
    desc: string;
    types: string[];
    created_time_dt: string;
    modified_time_dt: string;
    first_seen_time_dt: string;
    last_seen_time_dt: string;
    related_events?: { title: string; uid: string; traits: Trait[] }[];
    related_events_count?: number;
  };
  cloud: { account: { uid: string; name?: string }; region: string; cloud_partition: string };
  resources: Resource[];
  severity: string;
  severity_id: number;
  status: string;
  status_id: number;
  likelihood?: string;
  impact?: string;
  comment?: string;
  activity_name: string;
  vendor_attributes?: { severity: string; severity_id: number };
}

export interface Trait {
  uid: string;
  name: string;
  category: string;
  type: "Contributing Trait" | "Contextual Trait";
}

export interface Resource {
  uid: string;
  name: string;
  type: string;
  version?: string;
  tags?: { name: string; value: string }[];
  data?: Record<string, unknown>;
}

/** The cluster that a finding is about: its first resource. */
export const clusterOf = (f: Finding): Resource | undefined => f.resources[0];
