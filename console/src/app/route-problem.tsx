import Alert from "@cloudscape-design/components/alert";
import { useRouteError } from "react-router";
import { useText } from "../text";

/** What stands in the place of a page that broke. */
export function RouteProblem() {
  const text = useText();
  console.error(useRouteError());
  return (
    <Alert type="error" header={text.problems.page}>
      {text.problems.crashed}
    </Alert>
  );
}
