import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { lazy, Suspense, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { useSession } from "../../app/session";
import { ProblemAlert } from "../../parts/problems";
import { SeverityBadge, Status } from "../../parts/severity";
import { Waiting } from "../../parts/waiting";
import { useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { Overview } from "./overview";
import { type Finding, useFinding } from "./queries";

// Each tab but the first, and each dialog, is loaded when somebody opens it.
const Traits = lazy(async () => ({ default: (await import("./traits")).Traits }));
const Resources = lazy(async () => ({ default: (await import("./resources")).Resources }));
const Remediation = lazy(async () => ({ default: (await import("./remediation")).Remediation }));
const Document = lazy(async () => ({ default: (await import("./document")).Document }));
const LabelDialog = lazy(async () => ({ default: (await import("../exposures/label")).LabelDialog }));
const TicketDialog = lazy(async () => ({ default: (await import("../exposures/ticket")).TicketDialog }));

/** One finding in tabs, in the split panel and on its page. */
export function FindingView({ id, inPanel = false }: { id: string; inPanel?: boolean }) {
  const text = useText();
  const found = useFinding(id);
  if (found.error) {
    return <ProblemAlert header={text.exposure.loadFailed} error={found.error} retry={found.refetch} />;
  }
  if (!found.data) {
    return <Waiting />;
  }
  return <Loaded finding={found.data} inPanel={inPanel} />;
}

function Loaded({ finding, inPanel }: { finding: Finding; inPanel: boolean }) {
  const text = useText();
  const t = text.exposure.tabs;
  const [params, setParams] = useSearchParams();
  const show = (tab: string) =>
    setParams((old) => {
      old.set("tab", tab);
      return old;
    });
  const tabs = [
    { id: "overview", label: t.overview, content: <Overview finding={finding} inPanel={inPanel} /> },
    { id: "traits", label: t.traits, content: <Traits finding={finding} /> },
    { id: "resources", label: t.resources, content: <Resources finding={finding} /> },
    { id: "remediation", label: t.remediation, content: <Remediation finding={finding} /> },
    { id: "json", label: t.document, content: <Document id={finding.id} /> },
  ];
  const active = tabs.find((tab) => tab.id === params.get("tab"))?.id ?? "overview";
  return (
    <SpaceBetween size="m">
      <Top finding={finding} inPanel={inPanel} />
      <Tabs
        tabs={tabs.map((tab) => ({ ...tab, content: <Suspense fallback={<Waiting />}>{tab.content}</Suspense> }))}
        activeTabId={active}
        onChange={(e) => show(e.detail.activeTabId)}
        disableContentPaddings={false}
      />
    </SpaceBetween>
  );
}

/** Severity, status, and what can be done. */
function Top({ finding, inPanel }: { finding: Finding; inPanel: boolean }) {
  const said = useSaid();
  const text = useText();
  const navigate = useNavigate();
  const { may } = useSession();
  const [dialog, setDialog] = useState("");
  const off = { disabled: !may("operator"), disabledReason: text.common.needsRole(text.roles.operator) };
  const labels = (
    <SpaceBetween direction="horizontal" size="s" alignItems="center">
      <SeverityBadge severity={finding.override?.severity ?? finding.severity} />
      <Status status={finding.status} />
    </SpaceBetween>
  );
  const actions = (
    <SpaceBetween direction="horizontal" size="xs">
      {inPanel && <Button onClick={() => void navigate(`/exposures/${finding.id}`)}>{text.exposures.openPage}</Button>}
      <Button onClick={() => setDialog("ticket")} {...off}>
        {text.exposures.ticket}
      </Button>
      <Button variant={inPanel ? "normal" : "primary"} onClick={() => setDialog("label")} {...off}>
        {text.label.submit}
      </Button>
    </SpaceBetween>
  );
  const close = () => setDialog("");
  return (
    <>
      {inPanel ? (
        <SpaceBetween size="xs">
          <div className="spread">
            {labels}
            {actions}
          </div>
          <Box variant="p">{said(finding.title)}</Box>
        </SpaceBetween>
      ) : (
        <Header variant="h1" actions={actions} description={said(finding.title)}>
          <span className="title-row">
            {finding.cluster.ref.name} {labels}
          </span>
        </Header>
      )}
      <Suspense>
        {dialog === "label" && <LabelDialog findings={[{ metadata: { uid: finding.id } }]} onClose={close} />}
        {dialog === "ticket" && <TicketDialog finding={finding.id} onClose={close} />}
      </Suspense>
    </>
  );
}
