import Box from "@cloudscape-design/components/box";
import Spinner from "@cloudscape-design/components/spinner";
import { useText } from "../text";

/** Something is on its way. */
export function Waiting() {
  return (
    <Box textAlign="center" padding="l">
      <Spinner /> {useText().common.loading}
    </Box>
  );
}
