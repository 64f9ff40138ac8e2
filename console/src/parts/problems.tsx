import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import { useCallback } from "react";
import { ApiError } from "../api/problem";
import { useText, type Text } from "../text";
import { useSaid } from "../text/said-in";

function described(error: unknown, text: Text, said: (text: string) => string): string {
  if (!(error instanceof ApiError)) {
    return error instanceof Error ? error.message : String(error);
  }
  switch (true) {
    case error.status === 0:
      return text.problems.unreachable;
    case error.status === 403:
      return text.problems.denied(said(error.message));
    case error.status === 404:
      return said(error.message) || text.problems.notFound;
    case error.status === 429:
      return text.problems.throttled;
    case error.status >= 500:
      return text.problems.internal(error.requestId ?? "");
    default:
      return said(error.message);
  }
}

/** Gives what says in words what went wrong and what to do. */
export function useDescribe(): (error: unknown) => string {
  const said = useSaid();
  const text = useText();
  return useCallback((error) => described(error, text, said), [text, said]);
}

/** An error in the place of what it kept from being shown. */
export function ProblemAlert({ header, error, retry }: { header: string; error: unknown; retry?: () => unknown }) {
  const describe = useDescribe();
  const text = useText();
  return (
    <Alert type="error" header={header} action={retry && <Button onClick={() => void retry()}>{text.common.retry}</Button>}>
      {describe(error)}
    </Alert>
  );
}

/** What stands where a list has nothing to show: what is missing, and what to do. */
export function Empty({ title, children, action }: { title: string; children?: React.ReactNode; action?: React.ReactNode }) {
  return (
    <Box textAlign="center" margin={{ vertical: "xs" }} color="inherit">
      <Box variant="strong" color="inherit">
        {title}
      </Box>
      {children && (
        <Box variant="p" color="inherit" padding={{ bottom: "s" }}>
          {children}
        </Box>
      )}
      {action}
    </Box>
  );
}
