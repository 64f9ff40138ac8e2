import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import { useText } from "../text";

/** Text with a button that copies it. */
export function Copy({ value, shown }: { value: string; shown?: string }) {
  const text = useText().common;
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={value}
      {...(shown === undefined ? {} : { textToDisplay: shown })}
      copyButtonAriaLabel={text.copy}
      copySuccessText={text.copied}
      copyErrorText={text.copyFailed}
    />
  );
}

/** A button that copies what stands beside it. */
export function CopyButton({ value, label, icon = false }: { value: string; label?: string; icon?: boolean }) {
  const text = useText().common;
  return (
    <CopyToClipboard
      variant={icon ? "icon" : "button"}
      textToCopy={value}
      copyButtonText={label ?? text.copy}
      copyButtonAriaLabel={label ?? text.copy}
      copySuccessText={text.copied}
      copyErrorText={text.copyFailed}
    />
  );
}
