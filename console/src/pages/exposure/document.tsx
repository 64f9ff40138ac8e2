import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { Code } from "../../parts/code";
import { ProblemAlert } from "../../parts/problems";
import { save } from "../../parts/save";
import { Waiting } from "../../parts/waiting";
import { useText } from "../../text";
import { useDocument } from "./queries";

/** The finding as OCSF, to read, copy and keep. */
export function Document({ id }: { id: string }) {
  const text = useText();
  const t = text.document;
  const found = useDocument(id);
  if (found.error) {
    return <ProblemAlert header={t.failed} error={found.error} retry={found.refetch} />;
  }
  if (!found.data) {
    return <Waiting />;
  }
  const json = JSON.stringify(found.data, undefined, 2);
  return (
    <SpaceBetween size="s">
      <Header
        variant="h2"
        actions={
          <Button iconName="download" onClick={() => save(`${id}.json`, json, "application/json")}>
            {text.common.download}
          </Button>
        }
      >
        {t.title}
      </Header>
      <Code label={t.title}>{json}</Code>
    </SpaceBetween>
  );
}
