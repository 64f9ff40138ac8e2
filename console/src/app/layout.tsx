import type { AppLayoutProps } from "@cloudscape-design/components/app-layout";
import type { BreadcrumbGroupProps } from "@cloudscape-design/components/breadcrumb-group";
import { useLayoutEffect, useSyncExternalStore, type ReactNode } from "react";

/** What a page gives to the frame around it. */
export interface Frame {
  title: string;
  /** From the section down; the page itself is the last one. */
  breadcrumbs: BreadcrumbGroupProps.Item[];
  contentType?: AppLayoutProps.ContentType;
  splitPanel?: ReactNode;
  splitPanelOpen?: boolean;
  onSplitPanelToggle?: (open: boolean) => void;
}

const empty: Frame = { title: "", breadcrumbs: [] };
let frame = empty;
const listeners = new Set<() => void>();

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
};

function setFrame(next: Frame) {
  frame = next;
  for (const listener of listeners) {
    listener();
  }
}

/** Gives what the page of the moment wants around it. */
export const useFrame = (): Frame => useSyncExternalStore(subscribe, () => frame);

/** Every page is one of these: it names itself, and fills the frame. */
export function Page({ children, ...wanted }: Frame & { children: ReactNode }) {
  // After every drawing: the split panel is part of what the page draws. The frame
  // does not draw the page again, so this ends.
  useLayoutEffect(() => setFrame(wanted));
  useLayoutEffect(() => () => setFrame(empty), []);
  return (
    <>
      <title>{`${wanted.title} – eksposure`}</title>
      {children}
    </>
  );
}
