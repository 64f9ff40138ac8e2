import Link from "@cloudscape-design/components/link";
import TextContent from "@cloudscape-design/components/text-content";
import Markdown, { type MarkdownToJSX } from "markdown-to-jsx";
import { isValidElement, type ReactElement, type ReactNode } from "react";
import { Code } from "./code";
import { useSaid } from "../text/said-in";

const options: MarkdownToJSX.Options = {
  disableParsingRawHTML: true,
  forceBlock: true,
  overrides: {
    pre: { component: ({ children }: { children: ReactNode }) => <Code>{textOf(children).replace(/\n$/, "")}</Code> },
    a: {
      component: ({ href, children }: { href: string; children: ReactNode }) => (
        <Link href={href} external>
          {children}
        </Link>
      ),
    },
  },
};

function textOf(node: ReactNode): string {
  if (Array.isArray(node)) {
    return node.map(textOf).join("");
  }
  if (isValidElement(node)) {
    return textOf((node as ReactElement<{ children?: ReactNode }>).props.children);
  }
  return typeof node === "string" || typeof node === "number" ? String(node) : "";
}

/** Text that the server writes in Markdown: guidance and pages of traits. */
export function Written({ children }: { children: string }) {
  const said = useSaid();
  return (
    <TextContent>
      <Markdown options={options}>{said(children)}</Markdown>
    </TextContent>
  );
}
