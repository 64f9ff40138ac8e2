import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { ProblemAlert } from "../../parts/problems";
import { SeverityBadge } from "../../parts/severity";
import { Waiting } from "../../parts/waiting";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { useHistory } from "./queries";

/** Every change of a finding, the newest first. */
export function History({ id }: { id: string }) {
  const said = useSaid();
  const text = useText();
  const formats = useFormats();
  const t = text.history;
  const found = useHistory(id);
  const events = [...(found.data?.items ?? [])].reverse();
  return (
    <Container header={<Header variant="h2">{t.title}</Header>}>
      {found.error && <ProblemAlert header={t.failed} error={found.error} retry={found.refetch} />}
      {found.isPending && <Waiting />}
      <ol className="history">
        {events.map((e, i) => (
          <li key={`${e.at} ${i}`}>
            <Box color="text-body-secondary">{formats.time(e.at)}</Box>
            <div>
              <strong>{t.kinds[e.kind] ?? e.kind}</strong> {e.severity && <SeverityBadge severity={e.severity} />}
              {(e.details ?? [])
                .filter((d) => d !== `severity ${e.severity}`)
                .map((d) => (
                  <div key={d}>{said(d)}</div>
                ))}
            </div>
          </li>
        ))}
      </ol>
    </Container>
  );
}
