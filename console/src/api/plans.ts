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

/** A fleet plan: waves of plans, each for one cluster. */
export type FleetPlan = Schemas["FleetPlan"];

const fleetPlans = "/api/v1/fleet-plans";

export const getFleetPlans = (signal?: AbortSignal): Promise<Schemas["FleetPlanList"]> => request("GET", fleetPlans, undefined, signal);

export const getFleetPlan = (id: string, signal?: AbortSignal): Promise<FleetPlan> =>
  request("GET", `${fleetPlans}/${segment(id)}`, undefined, signal);

export const draftFleetPlan = (q: Schemas["FleetPlanRequest"]): Promise<FleetPlan> => request("POST", fleetPlans, q);

export const approveFleetPlan = (id: string, approval: Schemas["PlanApproval"]): Promise<FleetPlan> =>
  request("POST", `${fleetPlans}/${segment(id)}/approve`, approval);

export const moveFleetPlan = (id: string, move: Move): Promise<FleetPlan> => request("POST", `${fleetPlans}/${segment(id)}/${move}`);

/** What can be planned. */
export const getPlanTopics = (signal?: AbortSignal): Promise<Schemas["PlanTopics"]> =>
  request("GET", "/api/v1/plan-topics", undefined, signal);
