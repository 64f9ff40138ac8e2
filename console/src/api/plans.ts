import type { Schemas } from "./native";
import { request, segment } from "./request";

/** A plan, how far it is, and what can be done with it. */
export type Run = Schemas["Plan"];
export type PlanState = Run["state"];
export type Setting = Schemas["PlanSetting"];

/** What can be done with a plan besides approving it. */
export type Move = Exclude<NonNullable<Run["moves"]>[number], "approve">;

const plans = "/api/v1/plans";

export const getPlans = (signal?: AbortSignal): Promise<Schemas["PlanList"]> => request("GET", plans, undefined, signal);

export const getPlan = (id: string, signal?: AbortSignal): Promise<Run> => request("GET", `${plans}/${segment(id)}`, undefined, signal);

export const draftPlan = (q: Schemas["PlanRequest"]): Promise<Run> => request("POST", plans, q);

export const approvePlan = (id: string, approval: Schemas["PlanApproval"]): Promise<Run> =>
  request("POST", `${plans}/${segment(id)}/approve`, approval);

export const movePlan = (id: string, move: Move): Promise<Run> => request("POST", `${plans}/${segment(id)}/${move}`);
