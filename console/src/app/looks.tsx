import { applyDensity, applyMode, Density, disableMotion, Mode } from "@cloudscape-design/global-styles";
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

export type Theme = "system" | "light" | "dark";
export type Language = "en" | "zh-CN";

interface Looks {
  theme: Theme;
  density: "comfortable" | "compact";
  language: Language;
}

interface LooksControl extends Looks {
  set: (change: Partial<Looks>) => void;
}

const key = "eksposure.looks";
const dark = matchMedia("(prefers-color-scheme: dark)");

function stored(): Looks {
  const usual: Looks = { theme: "system", density: "comfortable", language: navigator.language.startsWith("zh") ? "zh-CN" : "en" };
  try {
    return { ...usual, ...(JSON.parse(localStorage.getItem(key) ?? "{}") as Partial<Looks>) };
  } catch {
    return usual;
  }
}

/** Puts the stored theme on the page before anything is drawn. */
export function applyLooks({ theme, density, language }: Looks = stored()): void {
  applyMode(theme === "dark" || (theme === "system" && dark.matches) ? Mode.Dark : Mode.Light);
  applyDensity(density === "compact" ? Density.Compact : Density.Comfortable);
  disableMotion(matchMedia("(prefers-reduced-motion: reduce)").matches);
  document.documentElement.lang = language;
}

const Context = createContext<LooksControl | undefined>(undefined);

/** Keeps theme, density and language in the browser. */
export function LooksProvider({ children }: { children: ReactNode }) {
  const [looks, setLooks] = useState(stored);
  const set = useCallback((change: Partial<Looks>) => setLooks((old) => ({ ...old, ...change })), []);
  useEffect(() => {
    applyLooks(looks);
    localStorage.setItem(key, JSON.stringify(looks));
    const follow = () => applyLooks(looks);
    dark.addEventListener("change", follow);
    return () => dark.removeEventListener("change", follow);
  }, [looks]);
  const value = useMemo(() => ({ ...looks, set }), [looks, set]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

/** Gives theme, density and language, and a way to change them. */
export function useLooks(): LooksControl {
  const control = useContext(Context);
  if (!control) {
    throw new Error("useLooks outside of LooksProvider");
  }
  return control;
}
