import type { I18nProviderProps } from "@cloudscape-design/components/i18n";
import type { Language } from "../app/kept-looks";
import type { Text } from "./en";

/** The texts of one language, ours and Cloudscape's. */
export interface Loaded {
  language: Language;
  text: Text;
  messages: I18nProviderProps["messages"];
}

const read: Record<Language, () => Promise<Loaded>> = {
  en: async () => {
    const [{ en }, messages] = await Promise.all([import("./en"), import("@cloudscape-design/components/i18n/messages/all.en")]);
    return { language: "en", text: en, messages: [messages.default] };
  },
  "zh-CN": async () => {
    const [{ zhCN }, messages] = await Promise.all([import("./zh-CN"), import("@cloudscape-design/components/i18n/messages/all.zh-CN")]);
    return { language: "zh-CN", text: zhCN, messages: [messages.default] };
  },
};

const loaded = new Map<Language, Loaded>();

/** Loads the texts of a language. */
export async function loadText(language: Language): Promise<Loaded> {
  const texts = await read[language]();
  loaded.set(language, texts);
  return texts;
}

/** Gives the texts of a language when they are loaded. */
export const loadedText = (language: Language): Loaded | undefined => loaded.get(language);
