import { useParams } from "react-router";
import { Page } from "../../app/layout";
import { useText } from "../../text";
import { useFinding } from "./queries";
import { FindingView } from "./view";

/** The page of one exposure. */
export default function Exposure() {
  const text = useText();
  const { id = "" } = useParams();
  const finding = useFinding(id);
  const name = finding.data?.cluster.ref.name ?? id.slice(0, 12);
  return (
    <Page
      title={name}
      breadcrumbs={[
        { text: text.nav.exposures, href: "/exposures" },
        { text: name, href: `/exposures/${id}` },
      ]}
    >
      <FindingView key={id} id={id} />
    </Page>
  );
}
