import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { listRules, type RuleBrief } from "../../api/rules";
import { Page } from "../../app/layout";
import { useSession } from "../../app/session";
import { PageLink } from "../../parts/follow";
import { Empty, ProblemAlert } from "../../parts/problems";
import { useUrl } from "../../parts/url";
import { useFormats, useText } from "../../text";
import { ApplyRule, DeleteRule } from "./dialogs";
import { useRuleChanges } from "./changes";
import { State } from "../../parts/state";

type Dialog = "apply" | "delete";

/** The automation rules in the order in which they run. */
export default function Automations() {
  const text = useText();
  const formats = useFormats();
  const t = text.automations;
  const navigate = useNavigate();
  const { get, set } = useUrl();
  const { may } = useSession();
  const rules = useQuery({ queryKey: ["rules"], queryFn: ({ signal }) => listRules(signal) });
  const changes = useRuleChanges();
  const [dialog, setDialog] = useState<Dialog>();
  const items = [...(rules.data?.Rules ?? [])].sort((a, b) => a.RuleOrder - b.RuleOrder);
  const chosen = items.find((r) => r.RuleId === get("rule"));
  const admin = may("admin");
  const create = (
    <Button
      variant="primary"
      disabled={!admin}
      disabledReason={admin ? undefined : t.needs}
      onClick={() => void navigate("/automations/new")}
    >
      {t.create}
    </Button>
  );
  const act = (id: string, rule: RuleBrief) => {
    switch (id) {
      case "edit":
        void navigate(`/automations/${rule.RuleId}`);
        break;
      case "duplicate":
        void navigate(`/automations/new?from=${rule.RuleId}`);
        break;
      case "toggle":
        changes.toggle(rule);
        break;
      default:
        setDialog(id as Dialog);
    }
  };
  if (rules.error) {
    return (
      <Page title={t.title} breadcrumbs={[]}>
        <ProblemAlert header={t.title} error={rules.error} retry={rules.refetch} />
      </Page>
    );
  }
  const enabled = chosen?.RuleStatus === "ENABLED";
  return (
    <Page title={t.title} breadcrumbs={[]} contentType="table">
      <Table
        variant="full-page"
        wrapLines
        items={items}
        trackBy="RuleId"
        loading={rules.isLoading}
        loadingText={text.common.loading}
        selectionType="single"
        selectedItems={chosen ? [chosen] : []}
        onSelectionChange={(e) => set({ rule: e.detail.selectedItems[0]?.RuleId }, { replace: true })}
        ariaLabels={{ tableLabel: t.title, selectionGroupLabel: t.selection, itemSelectionLabel: (_, r) => t.select(r.RuleName) }}
        header={
          <Header
            variant="h1"
            counter={rules.data && `(${formats.number(items.length)})`}
            description={t.about}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <ButtonDropdown
                  disabled={!chosen}
                  onItemClick={(e) => chosen && act(e.detail.id, chosen)}
                  items={[
                    { id: "edit", text: t.edit },
                    { id: "duplicate", text: t.duplicate, disabled: !admin, disabledReason: t.needs },
                    { id: "toggle", text: enabled ? t.disable : t.enable, disabled: !admin, disabledReason: t.needs },
                    { id: "apply", text: t.apply, disabled: !may("operator"), disabledReason: t.needsApply },
                    { id: "delete", text: t.delete, disabled: !admin, disabledReason: t.needs },
                  ]}
                >
                  {t.actions}
                </ButtonDropdown>
                {create}
              </SpaceBetween>
            }
          >
            {t.title}
          </Header>
        }
        empty={
          <Empty title={t.emptyTitle} action={create}>
            {t.emptyText}
          </Empty>
        }
        columnDefinitions={[
          { id: "order", header: t.order, width: 90, cell: (r) => formats.number(r.RuleOrder) },
          {
            id: "name",
            header: t.name,
            isRowHeader: true,
            cell: (r) => (
              <>
                <PageLink href={`/automations/${r.RuleId}`}>{r.RuleName}</PageLink>
                <Box variant="small" display="block">
                  {r.Description}
                </Box>
              </>
            ),
          },
          {
            id: "status",
            header: t.status,
            cell: (r) => (
              <State type={r.RuleStatus === "ENABLED" ? "success" : "stopped"}>{r.RuleStatus === "ENABLED" ? t.enabled : t.disabled}</State>
            ),
          },
          { id: "action", header: t.action, cell: (r) => (r.Actions[0]?.Type === "EXTERNAL_INTEGRATION" ? t.ticket : t.fields) },
          { id: "changed", header: t.changed, cell: (r) => formats.ago(r.UpdatedAt) },
        ]}
      />
      {dialog === "delete" && chosen && <DeleteRule rule={chosen} onClose={() => setDialog(undefined)} />}
      {dialog === "apply" && chosen && <ApplyRule rule={chosen} onClose={() => setDialog(undefined)} />}
    </Page>
  );
}
