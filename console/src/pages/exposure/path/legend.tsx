import Box from "@cloudscape-design/components/box";
import { useText } from "../../../text";

/** What the colours of the graph mean. */
export function Legend() {
  const t = useText().path;
  return (
    <div>
      <ul className="path-legend" aria-label={t.legend}>
        <li>
          <span className="path-swatch path-primary" /> {t.primary}
        </li>
        <li>
          <span className="path-swatch path-involved" /> {t.involved}
        </li>
        <li>
          <span className="path-swatch path-entry" /> {t.entry}
        </li>
        <li>
          <span className="path-swatch path-blast" /> {t.blast}
        </li>
        <li>
          <span className="path-count path-count-legend">3</span> {t.count}
        </li>
      </ul>
      <Box color="text-body-secondary" fontSize="body-s">
        {t.blastText}
      </Box>
    </div>
  );
}
