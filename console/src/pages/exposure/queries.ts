import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getFindings } from "../../api/hub";
import { getGuidance, getTopics, project, type Schemas } from "../../api/native";
import { findingsKey } from "../exposures/requests";
import { historyOf, one } from "./requests";

/** A finding in full. */
export type Finding = Schemas["ExposureFinding"];

export const useFinding = (id: string) => useQuery(one(id));

export const useHistory = (id: string) => useQuery(historyOf(id));

export const useTopics = (id: string) =>
  useQuery({ queryKey: [findingsKey, "topics", id], queryFn: ({ signal }) => getTopics(id, signal) });

/** How a topic is remedied, in every form; read when somebody looks. */
export const useGuidance = (id: string, topic: string, enabled: boolean) =>
  useQuery({ queryKey: [findingsKey, "guidance", id, topic], enabled, queryFn: ({ signal }) => getGuidance(id, topic, signal) });

/** What would be left if these topics were fixed; nothing is asked while none is ticked. */
export const useProjection = (id: string, topics: string[]) =>
  useQuery({
    queryKey: [findingsKey, "projection", id, topics],
    enabled: topics.length > 0,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => project(id, topics, signal),
  });

/** The finding as Security Hub's API gives it. */
export const useDocument = (id: string) =>
  useQuery({
    queryKey: [findingsKey, "document", id],
    queryFn: async ({ signal }) => {
      const only = { FieldName: "metadata.uid", Filter: { Value: id, Comparison: "EQUALS" as const } };
      const page = await getFindings({ Filters: { CompositeFilters: [{ StringFilters: [only] }] }, MaxResults: 1 }, signal);
      return page.Findings[0];
    },
  });
