import { useText } from "../../text";
import { Values } from "./values";

/** Where clusters, images and vulnerabilities come from. */
export function Sources() {
  const text = useText().settings;
  return (
    <Values
      title={text.sources}
      description={text.sourcesAbout}
      prefixes={["database", "cache_dir", "aws.", "kubernetes.", "images.", "vulnerability_database.", "hub."]}
    />
  );
}
