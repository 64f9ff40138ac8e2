import Box from "@cloudscape-design/components/box";
import { CopyButton } from "./copy";

/** Commands or a document, as they are, with a button that copies them. */
export function Code({ children, label }: { children: string; label?: string }) {
  return (
    <div className="code">
      {/* Its text may be wider than the page: whoever uses the keyboard must be able to scroll it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre tabIndex={0} aria-label={label} role="region">
        <Box variant="code" color="inherit">
          {children}
        </Box>
      </pre>
      <div className="code-copy">
        <CopyButton icon value={children} />
      </div>
    </div>
  );
}
