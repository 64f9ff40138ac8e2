import { useSaid } from "../text/said-in";
import { capital } from "../text/format";

/** Reasons that the server gives, each in a line. */
export function Reasons({ reasons }: { reasons: readonly string[] }) {
  const said = useSaid();
  return (
    <ul>
      {reasons.map((r) => (
        <li key={r}>{capital(said(r))}</li>
      ))}
    </ul>
  );
}
