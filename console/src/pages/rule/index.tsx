import Spinner from "@cloudscape-design/components/spinner";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { getRule, type RuleDraft } from "../../api/rules";
import { Page } from "../../app/layout";
import { ProblemAlert } from "../../parts/problems";
import { useUrl } from "../../parts/url";
import { useText } from "../../text";
import { blank, filtersOf } from "../automations/conditions";
import { Editor } from "./editor";

const fresh: RuleDraft = {
  RuleName: "",
  Description: "",
  RuleOrder: 10,
  RuleStatus: "ENABLED",
  Criteria: { OcsfFindingCriteria: filtersOf({ operator: "AND", list: [blank] }) },
  Actions: [{ Type: "FINDING_FIELDS_UPDATE", FindingFieldsUpdate: {} }],
};

/** Makes a rule, or changes one. */
export default function RulePage() {
  const text = useText();
  const { id } = useParams();
  const { get } = useUrl();
  const source = id ?? get("from");
  const rule = useQuery({ queryKey: ["rule", source], queryFn: ({ signal }) => getRule(source, signal), enabled: source !== "" });
  const title = id ? text.rule.edit : text.rule.create;
  return (
    <Page
      title={title}
      breadcrumbs={[
        { text: text.automations.title, href: "/automations" },
        { text: title, href: "" },
      ]}
      contentType="form"
    >
      {rule.error ? (
        <ProblemAlert header={text.rule.notFound} error={rule.error} retry={rule.refetch} />
      ) : source === "" ? (
        <Editor title={title} initial={fresh} />
      ) : rule.data ? (
        <Editor
          key={source}
          title={title}
          id={id}
          initial={id ? rule.data : { ...rule.data, RuleName: text.automations.copyOf(rule.data.RuleName) }}
        />
      ) : (
        <Spinner size="large" />
      )}
    </Page>
  );
}
