import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import Tabs from "@cloudscape-design/components/tabs";
import { Page } from "../../app/layout";
import { useTab } from "../../parts/tab";
import { useText } from "../../text";
import { FleetPlans } from "./fleet-plans";
import { Plans } from "./plans";

/** All plans and fleet plans, and how far they are. */
export default function Remediation() {
  const text = useText();
  const t = text.plans;
  const tab = useTab("plans");
  return (
    <Page title={t.title} breadcrumbs={[]}>
      <ContentLayout
        header={
          <Header variant="h1" description={t.about}>
            {t.title}
          </Header>
        }
      >
        <Tabs
          {...tab}
          ariaLabel={t.title}
          tabs={[
            { id: "plans", label: text.fleets.tabPlans, content: <Plans /> },
            { id: "fleet", label: text.fleets.tabFleet, content: <FleetPlans /> },
          ]}
        />
      </ContentLayout>
    </Page>
  );
}
