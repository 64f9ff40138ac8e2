import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import type { Schemas } from "../../api/native";
import { State } from "../../parts/state";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { spaced } from "../../text/spaced";

type Callers = Schemas["PlanCallers"];
type Caller = Schemas["PlanCaller"];
type Row = Pick<Caller, "address"> & Partial<Caller>;

/** Who called in the days that the plan's ranges are from: those that stay let in, then those that are shut out. */
export function Callers({ callers }: { callers: Callers }) {
  const said = useSaid();
  const text = useText();
  const { callers: t } = text.plan;
  const { none } = text.common;
  const formats = useFormats();
  const rows: Row[] = [...(callers.addresses ?? []), ...(callers.not_let_in ?? []).map((address) => ({ address }))];
  const place = said(callers.place);
  const about = [
    t.sources[callers.source]?.(place) ?? place,
    t.between(formats.time(callers.from), formats.time(callers.to)),
    callers.private_addresses ? t.inside(callers.private_addresses, formats.number(callers.private_addresses)) : "",
    callers.scanned_bytes ? t.scanned(formats.number(Math.ceil(callers.scanned_bytes / 1e6))) : "",
  ];
  return (
    <Table
      variant="container"
      wrapLines
      items={rows}
      trackBy="address"
      header={
        <Header variant="h2" counter={`(${formats.number(rows.length)})`} description={spaced(about.filter(Boolean).join(" "))}>
          {t.title}
        </Header>
      }
      ariaLabels={{ tableLabel: t.title }}
      columnDefinitions={[
        { id: "address", header: t.address, isRowHeader: true, width: 130, cell: (r) => <span className="anywhere">{r.address}</span> },
        {
          id: "after",
          header: t.after,
          width: 140,
          cell: (r) => (r.users ? <State type="success">{t.stays}</State> : <State type="stopped">{t.shut}</State>),
        },
        { id: "calls", header: t.calls, width: 90, cell: (r) => (r.calls === undefined ? none : formats.number(r.calls)) },
        { id: "first", header: t.first, width: 130, cell: (r) => (r.first_seen ? formats.time(r.first_seen) : none) },
        { id: "last", header: t.last, width: 130, cell: (r) => (r.last_seen ? formats.time(r.last_seen) : none) },
        { id: "who", header: t.who, cell: (r) => <Users caller={r} /> },
      ]}
    />
  );
}

/** Those who called most from an address, by the names that the cluster or AWS has for them. */
function Users({ caller: { users, more_users: more } }: { caller: Row }) {
  const { callers: t } = useText().plan;
  const formats = useFormats();
  return (
    <ul className="plain">
      {(users ?? []).map((u) => (
        <li key={u.name}>
          <span className="anywhere">{u.name}</span>
          <Box color="text-body-secondary" fontSize="body-s">
            {[t.times(u.calls, formats.number(u.calls)), formats.list(u.groups ?? [])].filter(Boolean).join(" · ")}
          </Box>
        </li>
      ))}
      {more ? <li>{t.more(more, formats.number(more))}</li> : undefined}
    </ul>
  );
}
