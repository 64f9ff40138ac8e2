import Alert from "@cloudscape-design/components/alert";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import Tabs from "@cloudscape-design/components/tabs";
import { Page } from "../../app/layout";
import { useSession } from "../../app/session";
import { useTab } from "../../parts/tab";
import { useText } from "../../text";
import { Accounts } from "./accounts";
import { Audit } from "./audit";
import { Keys } from "./keys";
import { Schedule } from "./schedule";
import { Sinks } from "./sinks";
import { Sources } from "./sources";

const tabs = { sources: Sources, accounts: Accounts, schedule: Schedule, keys: Keys, sinks: Sinks, audit: Audit };

/** What viewers may see too; the rest is the administrators'. */
const forAll = new Set(["accounts"]);

/** What the server runs with, who may use it, and what was done. */
export default function Settings() {
  const text = useText();
  const t = text.settings;
  const tab = useTab("sources");
  const { may, user } = useSession();
  const admin = may("admin");
  const denied = (
    <Alert type="info" header={t.needs}>
      {t.needsText(text.roles[user.role])}
    </Alert>
  );
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
          ariaLabel={t.title}
          {...tab}
          tabs={Object.entries(tabs).map(([id, Content]) => ({
            id,
            label: t.tabs[id] ?? id,
            content: admin || forAll.has(id) ? <Content /> : denied,
          }))}
        />
      </ContentLayout>
    </Page>
  );
}
