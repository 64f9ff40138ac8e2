import type { Connector, Filters } from "./hub";
import type { Schemas } from "./native";
import { request, segment } from "./request";

/** What an automation rule does to a finding that meets it. */
export interface RuleAction {
  Type: "FINDING_FIELDS_UPDATE" | "EXTERNAL_INTEGRATION";
  FindingFieldsUpdate?: { SeverityId?: number; StatusId?: number; Comment?: string };
  ExternalIntegrationConfiguration?: { ConnectorArn: string };
}

/** An automation rule as Security Hub's API has it. */
export interface Rule {
  RuleArn: string;
  RuleId: string;
  RuleName: string;
  Description: string;
  RuleOrder: number;
  RuleStatus: "ENABLED" | "DISABLED";
  Criteria: { OcsfFindingCriteria: Filters };
  Actions: RuleAction[];
  CreatedAt: string;
  UpdatedAt: string;
}

export type RuleDraft = Pick<Rule, "RuleName" | "Description" | "RuleOrder" | "RuleStatus" | "Criteria" | "Actions">;

/** A rule in a list, which leaves out its criteria. */
export type RuleBrief = Omit<Rule, "Criteria" | "Actions"> & { Actions: { Type: RuleAction["Type"] }[] };

const rules = "/automationrulesv2";

/** There are at most 100 rules, which is one page. */
export const listRules = (signal?: AbortSignal): Promise<{ Rules: RuleBrief[] }> =>
  request("GET", `${rules}/list?MaxResults=100`, undefined, signal);

export const getRule = (id: string, signal?: AbortSignal): Promise<Rule> => request("GET", `${rules}/${segment(id)}`, undefined, signal);

export const createRule = (r: RuleDraft): Promise<{ RuleId: string }> =>
  request("POST", `${rules}/create`, { ...r, ClientToken: crypto.randomUUID() });

export const updateRule = (id: string, change: Partial<RuleDraft>): Promise<unknown> => request("PATCH", `${rules}/${segment(id)}`, change);

export const deleteRule = (id: string): Promise<unknown> => request("DELETE", `${rules}/${segment(id)}`);

/** A preview has findings as OCSF documents, of which the console shows these parts. */
export interface Met {
  matches: number;
  findings: { metadata: { uid: string }; finding_info: { title: string }; severity: string; status: string }[] | null;
}

export const previewRule = (criteria: Filters, signal?: AbortSignal): Promise<Met> =>
  request("POST", "/api/v1/automation-rules/preview", { criteria, shown: 5 }, signal);

export const applyRule = (id: string): Promise<Schemas["RulebookApplied"]> =>
  request("POST", `/api/v1/automation-rules/${segment(id)}/apply`);

/** Connectors in the form that a rule's action names them. */
export type RuleConnector = Connector & { ConnectorArn?: string };
