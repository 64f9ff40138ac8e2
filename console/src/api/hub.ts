import type { Finding } from "./ocsf";
import { request } from "./request";

/** The filter language of Security Hub's API; docs/search.md has its rules. */
export interface Filters {
  CompositeFilters?: Composite[];
  CompositeOperator?: Operator;
}

export type Operator = "AND" | "OR";
export type TextComparison = "EQUALS" | "PREFIX" | "CONTAINS" | "CONTAINS_WORD" | "NOT_EQUALS" | "PREFIX_NOT_EQUALS" | "NOT_CONTAINS";
export type MapComparison = "EQUALS" | "CONTAINS" | "NOT_EQUALS" | "NOT_CONTAINS";

export interface Composite {
  StringFilters?: { FieldName: string; Filter: { Value: string; Comparison: TextComparison } }[];
  MapFilters?: { FieldName: string; Filter: { Key: string; Value: string; Comparison: MapComparison } }[];
  NumberFilters?: { FieldName: string; Filter: { Eq?: number; Gte?: number; Lte?: number; Gt?: number; Lt?: number } }[];
  DateFilters?: { FieldName: string; Filter: DateIs }[];
  BooleanFilters?: { FieldName: string; Filter: { Value: boolean } }[];
  NestedCompositeFilters?: Composite[];
  Operator?: Operator;
}

export interface DateIs {
  Start?: string;
  End?: string;
  DateRange?: { Value: number; Unit: "DAYS"; Comparison?: "WITHIN" | "OLDER_THAN" };
}

export interface Sort {
  Field: string;
  SortOrder: "asc" | "desc";
}

export interface FindingsPage {
  Findings: Finding[];
  NextToken?: string;
}

interface FindingsRequest {
  Filters?: Filters | undefined;
  SortCriteria?: Sort[];
  MaxResults?: number;
  NextToken?: string | undefined;
}

export const getFindings = (r: FindingsRequest, signal?: AbortSignal): Promise<FindingsPage> => request("POST", "/findingsv2", r, signal);

export interface GroupCounts {
  GroupByField: string;
  GroupByValues: { FieldValue: string; Count: number }[];
}

interface StatisticsRequest {
  GroupByRules: { GroupByField: string; Filters?: Filters | undefined }[];
  MaxStatisticResults?: number;
}

export const getStatistics = (r: StatisticsRequest, signal?: AbortSignal): Promise<{ GroupByResults: GroupCounts[] }> =>
  request("POST", "/findingsv2/statistics", r, signal);

export interface Label {
  SeverityId?: number;
  StatusId?: number;
  Comment?: string;
}

export interface Labelled {
  ProcessedFindings: { MetadataUid: string }[];
  UnprocessedFindings: { MetadataUid: string; ErrorCode: string; ErrorMessage: string }[];
}

/** The API labels at most this many findings at once. */
export const maxLabelled = 100;

export const updateFindings = (ids: string[], label: Label): Promise<Labelled> =>
  request("PATCH", "/findingsv2/batchupdatev2", { MetadataUids: ids, ...label });

export interface Connector {
  ConnectorId: string;
  Name: string;
  Description?: string;
  ProviderSummary?: { ProviderName?: string; ConnectorStatus?: string };
}

export const listConnectors = (signal?: AbortSignal): Promise<{ Connectors: Connector[] }> =>
  request("GET", "/connectorsv2", undefined, signal);

export const createTicket = (connector: string, finding: string): Promise<{ TicketId: string; TicketSrcUrl?: string }> =>
  request("POST", "/ticketsv2", { ConnectorId: connector, FindingMetadataUid: finding, ClientToken: crypto.randomUUID() });
