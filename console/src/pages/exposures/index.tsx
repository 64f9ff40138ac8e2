import Header from "@cloudscape-design/components/header";
import { Page } from "../../app/layout";
import { useText } from "../../text";

export default function Exposures() {
  const text = useText();
  return (
    <Page title={text.nav.exposures} breadcrumbs={[{ text: text.nav.exposures, href: "/exposures" }]}>
      <Header variant="h1">{text.nav.exposures}</Header>
    </Page>
  );
}
