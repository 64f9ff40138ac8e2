import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import type { Filters } from "../../api/hub";
import { useText } from "../../text";
import { blank, conditionsOf, filtersOf, type Conditions } from "../automations/conditions";
import { Builder } from "./builder";

interface Props {
  initial: Filters;
  error: string;
  onChange: (filters: Filters) => void;
}

const starting = (filters: Filters): Conditions | undefined => {
  const c = conditionsOf(filters);
  return c?.list.length === 0 ? { ...c, list: [blank] } : c;
};

/** The criteria of a rule: line by line where they fit, in full where they say more. */
export function Criteria({ initial, error, onChange }: Props) {
  const text = useText().rule;
  const [conditions, setConditions] = useState(() => starting(initial));
  const [json, setJson] = useState(() => JSON.stringify(initial, null, 2));
  const [invalid, setInvalid] = useState(false);
  const build = (next: Conditions) => {
    setConditions(next);
    onChange(filtersOf(next));
  };
  const write = (value: string) => {
    setJson(value);
    const filters = parse(value);
    setInvalid(filters === undefined);
    if (filters) {
      onChange(filters);
    }
  };
  const fitting = conditions ? undefined : starting(parse(json) ?? { CompositeFilters: [{}] });
  const toggle = conditions ? (
    <Button
      formAction="none"
      onClick={() => {
        setJson(JSON.stringify(filtersOf(conditions), null, 2));
        setConditions(undefined);
      }}
    >
      {text.toJson}
    </Button>
  ) : (
    <Button formAction="none" disabled={!fitting} onClick={() => fitting && build(fitting)}>
      {text.toBuilder}
    </Button>
  );
  return (
    <Container
      header={
        <Header variant="h2" description={text.criteriaAbout} actions={toggle}>
          {text.criteria}
        </Header>
      }
    >
      <SpaceBetween size="m">
        {error && <Alert type="error">{error}</Alert>}
        {conditions ? (
          <Builder conditions={conditions} onChange={build} />
        ) : (
          <FormField
            label={text.jsonLabel}
            description={fitting ? undefined : text.json}
            errorText={invalid ? text.jsonInvalid : ""}
            stretch
          >
            <Textarea value={json} rows={14} spellcheck={false} onChange={(e) => write(e.detail.value)} />
          </FormField>
        )}
      </SpaceBetween>
    </Container>
  );
}

function parse(value: string): Filters | undefined {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
