import { I18nProvider } from "@cloudscape-design/components/i18n";
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { useLooks } from "../app/looks";
import type { Text } from "./en";
import { Formats } from "./format";
import { loadedText, loadText } from "./load";

export type { Text } from "./en";

const Context = createContext<{ text: Text; formats: Formats } | undefined>(undefined);

/** Loads the texts of the chosen language, ours and Cloudscape's. */
export function TextProvider({ children }: { children: ReactNode }) {
  const { language } = useLooks();
  const [loaded, setLoaded] = useState(() => loadedText(language));
  useEffect(() => {
    if (loaded?.language === language) {
      return undefined;
    }
    let wanted = true;
    void loadText(language).then((l) => wanted && setLoaded(l));
    return () => {
      wanted = false;
    };
  }, [language, loaded]);
  const value = useMemo(() => loaded && { text: loaded.text, formats: new Formats(loaded.language, loaded.text) }, [loaded]);
  if (!loaded || !value) {
    return null;
  }
  return (
    <I18nProvider locale={loaded.language} messages={loaded.messages}>
      <Context.Provider value={value}>{children}</Context.Provider>
    </I18nProvider>
  );
}

function useLoaded() {
  const value = useContext(Context);
  if (!value) {
    throw new Error("text outside of TextProvider");
  }
  return value;
}

/** Gives all texts in the chosen language. */
export const useText = (): Text => useLoaded().text;

/** Gives numbers, dates and times as the chosen language writes them. */
export const useFormats = (): Formats => useLoaded().formats;
