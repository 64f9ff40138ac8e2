import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { dropLetter, getLetters, getSinks, resendLetter } from "../../api/manage";
import type { Schemas } from "../../api/native";
import { useNotices } from "../../app/notices";
import { ListTable } from "../../parts/list-table";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { State } from "../../parts/state";

type Letter = Schemas["DeliverLetter"];

/** Where changes are sent, and what did not get there. */
export function Sinks() {
  const said = useSaid();
  const text = useText();
  const formats = useFormats();
  const t = text.settings;
  const client = useQueryClient();
  const { fail } = useNotices();
  const sinks = useQuery({ queryKey: ["sinks"], queryFn: ({ signal }) => getSinks(signal) });
  const letters = useQuery({ queryKey: ["letters"], queryFn: ({ signal }) => getLetters(signal) });
  const after = {
    onSettled: () => client.invalidateQueries({ queryKey: ["letters"] }),
    onError: (error: unknown) => fail(t.letterFailed, error),
  };
  const resend = useMutation({ mutationFn: resendLetter, ...after });
  const drop = useMutation({ mutationFn: dropLetter, ...after });
  return (
    <SpaceBetween size="l">
      <ListTable<Schemas["DeliverStatus"]>
        title={t.sinks}
        description={t.sinksAbout}
        items={sinks.data && (sinks.data.sinks ?? [])}
        error={sinks.error}
        retry={sinks.refetch}
        sort="sink"
        search={(s) => s.sink}
        searchLabel={t.searchSinks}
        empty={{ title: t.noSinks, text: t.noSinksText }}
        row={(s) => s.sink}
        columns={[
          { id: "sink", header: t.sink, isRowHeader: true, sort: (s) => s.sink, cell: (s) => s.sink },
          { id: "events", header: t.delivered, sort: (s) => s.events, cell: (s) => formats.number(s.events) },
          { id: "waiting", header: t.waiting, sort: (s) => s.waiting, cell: (s) => formats.number(s.waiting) },
          { id: "dead", header: t.letters, sort: (s) => s.dead_letters, cell: (s) => formats.number(s.dead_letters ?? 0) },
          {
            id: "problem",
            header: t.lastProblem,
            cell: (s) =>
              s.problem ? (
                <State type="error" sentence>
                  {said(s.problem)}
                </State>
              ) : (
                <State type="success">{t.ok}</State>
              ),
          },
        ]}
      />
      <ListTable<Letter>
        prefix="letters."
        title={t.letters}
        description={t.lettersAbout}
        items={letters.data && (letters.data.dead_letters ?? [])}
        error={letters.error}
        retry={letters.refetch}
        sort="-number"
        search={(l) => `${l.sink} ${l.reason}`}
        searchLabel={t.searchLetters}
        empty={{ title: t.noLetters }}
        row={(l) => `${l.sink} ${l.number}`}
        columns={[
          { id: "number", header: t.number, isRowHeader: true, sort: (l) => l.number, cell: (l) => l.number },
          { id: "sink", header: t.sink, sort: (l) => l.sink, cell: (l) => l.sink },
          { id: "at", header: t.givenUp, sort: (l) => l.given_up_at, cell: (l) => formats.time(l.given_up_at) },
          { id: "reason", header: t.reason, cell: (l) => said(l.reason) },
          { id: "attempts", header: t.attempts, cell: (l) => formats.number(l.attempts) },
          {
            id: "actions",
            header: text.automations.actions,
            cell: (l) => (
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="inline-link" ariaLabel={`${t.resend} ${l.number}`} onClick={() => resend.mutate(l)}>
                  {t.resend}
                </Button>
                <Button variant="inline-link" ariaLabel={`${t.drop} ${l.number}`} onClick={() => drop.mutate(l)}>
                  {t.drop}
                </Button>
              </SpaceBetween>
            ),
          },
        ]}
      />
    </SpaceBetween>
  );
}
