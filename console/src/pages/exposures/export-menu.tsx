import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import type { Finding } from "../../api/ocsf";
import { getExport, startExport, type Schemas } from "../../api/native";
import { useNotices } from "../../app/notices";
import { useSession } from "../../app/session";
import { save } from "../../parts/save";
import { useFormats, useText } from "../../text";
import { exportedFields, maxDownloaded, mediaTypes, readAll, written, type Format } from "./export";
import { filtersOf } from "./filters";
import { queryWithin } from "./requests";
import type { ListState } from "./state";

const poll = 1000;

/** Exports what is shown, all that matches, or starts an export on the server. */
export function ExportMenu({ state, shown, grouped }: { state: ListState; shown: Finding[]; grouped: boolean }) {
  const text = useText();
  const t = text.export;
  const formats = useFormats();
  const { notify, fail } = useNotices();
  const { may } = useSession();
  const off = { disabled: !may("operator"), disabledReason: text.common.needsRole(text.roles.operator) };

  const download = (findings: Finding[], format: Format) => save(`exposures.${format}`, written(findings, format), mediaTypes[format]);
  const all = async (format: Format) => {
    const told = (rows: number) => notify({ type: "in-progress", header: t.running, content: t.rows(formats.number(rows)) }, "export");
    told(0);
    const { findings, capped } = await readAll(state, told);
    download(findings, format);
    const content = capped ? t.capped(formats.number(maxDownloaded)) : undefined;
    notify({ type: capped ? "warning" : "success", header: t.done, content }, "export");
  };
  const onServer = async (format: "CSV" | "OCSF_JSON") => {
    const filters = filtersOf(queryWithin(state));
    let job: Schemas["Export"] = await startExport({
      format,
      ...(format === "CSV" ? { fields: exportedFields } : {}),
      ...(filters ? { filters: filters } : {}),
    });
    while (job.status === "RUNNING") {
      notify({ type: "in-progress", header: t.running, content: t.rows(formats.number(job.rows)) }, "export");
      await new Promise((done) => setTimeout(done, poll));
      job = await getExport(job.id);
    }
    if (job.status !== "SUCCEEDED") {
      notify({ type: "error", header: t.failed, content: job.problem }, "export");
      return;
    }
    notify({ type: "success", header: t.done, content: t.file(job.file, formats.number(job.rows)) }, "export");
  };
  const start = async (id: string) => {
    try {
      switch (id) {
        case "shown-csv": {
          download(shown, "csv");
          return;
        }
        case "shown-ndjson": {
          download(shown, "ndjson");
          return;
        }
        case "all-csv": {
          await all("csv");
          return;
        }
        case "all-ndjson": {
          await all("ndjson");
          return;
        }
        case "server-csv": {
          await onServer("CSV");
          return;
        }
        case "server-ndjson": {
          await onServer("OCSF_JSON");
          return;
        }
      }
    } catch (error) {
      fail(t.failed, error);
    }
  };
  return (
    <ButtonDropdown
      onItemClick={(e) => void start(e.detail.id)}
      items={[
        {
          text: t.here,
          items: [
            ...(grouped
              ? []
              : [
                  { id: "shown-csv", text: t.shownCsv },
                  { id: "shown-ndjson", text: t.shownJson },
                ]),
            { id: "all-csv", text: t.allCsv },
            { id: "all-ndjson", text: t.allJson },
          ],
        },
        {
          text: t.there,
          items: [
            { id: "server-csv", text: t.serverCsv, ...off },
            { id: "server-ndjson", text: t.serverJson, ...off },
          ],
        },
      ]}
    >
      {t.menu}
    </ButtonDropdown>
  );
}
