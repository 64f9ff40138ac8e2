import type { FlashbarProps } from "@cloudscape-design/components/flashbar";
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from "react";
import { ApiError } from "../api/problem";
import { useText } from "../text";
import { useDescribe } from "../parts/problems";

type Notice = Pick<FlashbarProps.MessageDefinition, "type" | "header" | "content" | "action">;

interface Notices {
  items: FlashbarProps.MessageDefinition[];
  /** Shows a notice until it is dismissed. One with the same name replaces it. */
  notify: (notice: Notice, name?: string) => void;
  /** Shows that something failed, with what can be done. */
  fail: (header: string, error: unknown) => void;
}

const Context = createContext<Notices | undefined>(undefined);
let number = 0;

/** Holds what the page has to tell. */
export function NoticesProvider({ children }: { children: ReactNode }) {
  const describe = useDescribe();
  const text = useText();
  const [items, setItems] = useState<FlashbarProps.MessageDefinition[]>([]);
  const notify = useCallback(
    (notice: Notice, name?: string) => {
      const id = name ?? `notice-${++number}`;
      const item: FlashbarProps.MessageDefinition = {
        ...notice,
        id,
        dismissible: true,
        dismissLabel: text.common.dismiss,
        onDismiss: () => setItems((old) => old.filter((i) => i.id !== id)),
      };
      setItems((old) => [item, ...old.filter((i) => i.id !== id)]);
    },
    [text],
  );
  const fail = useCallback(
    (header: string, error: unknown) => {
      if (error instanceof ApiError && error.signedOut) {
        return; // the sign-in page says it
      }
      notify({ type: "error", header, content: describe(error) });
    },
    [notify, describe],
  );
  const value = useMemo(() => ({ items, notify, fail }), [items, notify, fail]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

/** Gives a way to tell something. */
export function useNotices(): Notices {
  const notices = useContext(Context);
  if (!notices) {
    throw new Error("useNotices outside of NoticesProvider");
  }
  return notices;
}
