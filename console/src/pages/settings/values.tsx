import Box from "@cloudscape-design/components/box";
import { useQuery } from "@tanstack/react-query";
import { getSettings } from "../../api/manage";
import type { Schemas } from "../../api/native";
import { ListTable } from "../../parts/list-table";
import { useText } from "../../text";
import { capital } from "../../text/format";
import { useSaid } from "../../text/said-in";

/** The settings whose keys begin with one of some words, as they are in force. */
export function Values({ title, description, prefixes }: { title: string; description: string; prefixes: string[] }) {
  const said = useSaid();
  const text = useText().settings;
  const settings = useQuery({ queryKey: ["settings"], queryFn: ({ signal }) => getSettings(signal) });
  const items = settings.data?.items?.filter((s) => prefixes.some((p) => s.key.startsWith(p)));
  return (
    <ListTable<Schemas["Setting"]>
      title={title}
      description={description}
      items={items}
      error={settings.error}
      retry={settings.refetch}
      sort=""
      search={(s) => `${s.key} ${s.value} ${said(s.doc)}`}
      searchLabel={text.search}
      empty={{ title: text.noSettings }}
      row={(s) => s.key}
      pageSize={50}
      columns={[
        { id: "key", header: text.setting, isRowHeader: true, sort: (s) => s.key, cell: (s) => <Box variant="code">{s.key}</Box> },
        { id: "value", header: text.value, cell: (s) => <Shown setting={s} /> },
        { id: "meaning", header: text.meaning, cell: (s) => capital(said(s.doc)) },
      ]}
    />
  );
}

function Shown({ setting }: { setting: Schemas["Setting"] }) {
  const text = useText().settings;
  if (setting.value === "") {
    return <Box color="text-body-secondary">{text.notSet}</Box>;
  }
  return <Box variant={setting.set ? "strong" : "span"}>{short(setting.value)}</Box>;
}

/** Durations as Go writes them have parts that are zero. */
const short = (value: string) =>
  value.replace(/^(\d+h)(\d+m)?(\d+s)$|^(\d+m)(\d+s)$/, (all) => all.replace(/(?<=\D)0s$/, "").replace(/(?<=h)0m$/, ""));
