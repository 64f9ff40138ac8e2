import ProgressBar from "@cloudscape-design/components/progress-bar";
import { useFormats, useText } from "../text";
import { type Drafting, useTopicName } from "./plans";

/** How far a fleet plan is that is being drafted. */
export function DraftProgress({ draft }: { draft: Drafting }) {
  const t = useText().fleet.drafting;
  const formats = useFormats();
  const topic = useTopicName();
  return (
    <ProgressBar
      label={topic(draft.trait)}
      description={t.begun(formats.ago(draft.begun_at), draft.author_name ?? draft.author)}
      value={draft.all > 0 ? (100 * draft.done) / draft.all : 0}
      additionalInfo={t.at(draft.cluster.name, formats.number(draft.done), formats.number(draft.all))}
    />
  );
}
