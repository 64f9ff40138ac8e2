import { applyDensity, applyMode, Density, disableMotion, Mode } from "@cloudscape-design/global-styles";
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { localKey } from "../parts/local";
import { keptLooks, looksName, type Looks } from "./kept-looks";

interface LooksControl extends Looks {
  set: (change: Partial<Looks>) => void;
}

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Puts the stored theme on the page before anything is drawn. */
export function applyLooks({ theme, density, language }: Looks = keptLooks()): void {
  applyMode(theme === "dark" || (theme === "system" && dark.matches) ? Mode.Dark : Mode.Light);
  applyDensity(density === "compact" ? Density.Compact : Density.Comfortable);
  disableMotion(matchMedia("(prefers-reduced-motion: reduce)").matches);
  document.documentElement.lang = language;
}

const Context = createContext<LooksControl | undefined>(undefined);

/** Keeps theme, density and language in the browser. */
export function LooksProvider({ children }: { children: ReactNode }) {
  const [looks, setLooks] = useState(keptLooks);
  const set = useCallback((change: Partial<Looks>) => setLooks((old) => ({ ...old, ...change })), []);
  useEffect(() => {
    applyLooks(looks);
    localStorage.setItem(localKey(looksName), JSON.stringify(looks));
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
