import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Spinner from "@cloudscape-design/components/spinner";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ProblemAlert } from "../../parts/problems";
import { useFormats, useText } from "../../text";
import type { Scope } from "./filters";

interface Props<T> {
  title: string;
  description?: string;
  actions?: ReactNode;
  query: UseQueryResult<T>;
  scope: Scope;
  /** The shared filters that the widget cannot follow. */
  ignores?: (keyof Scope)[];
  children: (data: T) => ReactNode;
}

/** One part of the page, which says itself when it waits, fails or does not follow a filter. */
export function Widget<T>({ title, description, actions, query, scope, ignores = [], children }: Props<T>) {
  const text = useText();
  const formats = useFormats();
  const ignored = ignores.filter((name) => scope[name] !== "").map((name) => text.summary[name]);
  return (
    <Container
      fitHeight
      header={
        <Header variant="h2" description={description} actions={actions}>
          {title}
        </Header>
      }
      footer={ignored.length > 0 && <Box color="text-status-info">{text.summary.ignored(formats.list(ignored))}</Box>}
    >
      {query.error ? (
        <ProblemAlert header={text.problems.unread(title)} error={query.error} retry={query.refetch} />
      ) : query.data === undefined ? (
        <Spinner />
      ) : (
        children(query.data)
      )}
    </Container>
  );
}
