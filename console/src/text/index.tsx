import { I18nProvider, type I18nProviderProps } from "@cloudscape-design/components/i18n";
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { useLooks, type Language } from "../app/looks";
import type { Text } from "./en";
import { Formats } from "./format";

export type { Text } from "./en";

interface Loaded {
  language: Language;
  text: Text;
  messages: I18nProviderProps["messages"];
}

const load: Record<Language, () => Promise<Loaded>> = {
  en: async () => {
    const [{ en }, messages] = await Promise.all([import("./en"), import("@cloudscape-design/components/i18n/messages/all.en")]);
    return { language: "en", text: en, messages: [messages.default] };
  },
  "zh-CN": async () => {
    const [{ zhCN }, messages] = await Promise.all([import("./zh-CN"), import("@cloudscape-design/components/i18n/messages/all.zh-CN")]);
    return { language: "zh-CN", text: zhCN, messages: [messages.default] };
  },
};

const Context = createContext<{ text: Text; formats: Formats } | undefined>(undefined);

/** Loads the texts of the chosen language, ours and Cloudscape's. */
export function TextProvider({ children }: { children: ReactNode }) {
  const { language } = useLooks();
  const [loaded, setLoaded] = useState<Loaded>();
  useEffect(() => {
    let wanted = true;
    void load[language]().then((l) => wanted && setLoaded(l));
    return () => {
      wanted = false;
    };
  }, [language]);
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
