import Button from "@cloudscape-design/components/button";
import { useNavigate } from "react-router";
import { Empty } from "../parts/problems";
import { useText } from "../text";
import { Page } from "./layout";
import { home } from "./pages";

/** Where an address leads that no page has. */
export function NotFound() {
  const text = useText();
  const navigate = useNavigate();
  return (
    <Page title={text.notFound.title} breadcrumbs={[]}>
      <Empty title={text.notFound.title} action={<Button onClick={() => void navigate(home)}>{text.notFound.back}</Button>}>
        {text.notFound.text}
      </Empty>
    </Page>
  );
}
