import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import type { Finding } from "../../api/ocsf";
import { useSession } from "../../app/session";
import { useFormats, useText } from "../../text";
import { ExportMenu } from "./export-menu";
import { useShown } from "./queries";
import { findingsKey, groupFields } from "./requests";
import type { ListState } from "./state";

// Dialogs are loaded when somebody opens one.
const LabelDialog = lazy(async () => ({ default: (await import("./label")).LabelDialog }));
const TicketDialog = lazy(async () => ({ default: (await import("./ticket")).TicketDialog }));

interface Props {
  state: ListState;
  change: (next: Partial<ListState>) => void;
  grouped: boolean;
  count: number | undefined;
  selected: Finding[];
  shown: Finding[];
  quick: { shown: boolean; show: () => void };
  onLabelled: () => void;
}

/** The list's title, what it is grouped by, and what can be done with the selected. */
export function ListHeader(props: Props) {
  const { state, change, grouped, count, selected } = props;
  const text = useText();
  const t = text.exposures;
  const formats = useFormats();
  const shownValue = useShown();
  const client = useQueryClient();
  const { may } = useSession();
  const [dialog, setDialog] = useState("");
  const operator = may("operator");
  const reason = operator ? t.needsSelection : text.common.needsRole(text.roles.operator);
  const off = { disabled: selected.length === 0 || !operator, disabledReason: reason };
  const title =
    state.within === undefined ? t.title : t.within(t.by[state.group], shownValue(groupFields[state.group] ?? "", state.within));
  const close = () => setDialog("");
  return (
    <>
      <Header
        variant="h1"
        {...(count === undefined ? {} : { counter: `(${formats.number(count)})` })}
        description={state.group === "cluster" ? t.clusterNote : t.description}
        actions={
          <SpaceBetween direction="horizontal" size="xs" alignItems="center">
            {state.within !== undefined && (
              <Button iconName="arrow-left" onClick={() => change({ within: undefined, finding: undefined })}>
                {t.allGroups}
              </Button>
            )}
            {!props.quick.shown && <Button iconName="filter" ariaLabel={t.quick.show} onClick={props.quick.show} />}
            <Button iconName="refresh" ariaLabel={t.refresh} onClick={() => void client.invalidateQueries({ queryKey: [findingsKey] })} />
            <ExportMenu state={state} shown={props.shown} grouped={grouped} />
            <ButtonDropdown
              onItemClick={(e) => setDialog(e.detail.id)}
              items={[
                { id: "label", text: t.setStatus, ...off },
                { id: "severity", text: t.setSeverity, ...off },
                { id: "comment", text: t.setComment, ...off },
                {
                  id: "ticket",
                  text: t.ticket,
                  disabled: selected.length !== 1 || !operator,
                  disabledReason: operator ? t.needsOne : reason,
                },
              ]}
            >
              {t.actions}
            </ButtonDropdown>
          </SpaceBetween>
        }
      >
        {title}
      </Header>
      <Suspense>
        {["label", "severity", "comment"].includes(dialog) && <LabelDialog findings={selected} onClose={close} onDone={props.onLabelled} />}
        {dialog === "ticket" && selected[0] && <TicketDialog finding={selected[0].metadata.uid} onClose={close} />}
      </Suspense>
    </>
  );
}
