import Button from "@cloudscape-design/components/button";
import type { CollectionPreferencesProps } from "@cloudscape-design/components/collection-preferences";
import { lazy, Suspense, useCallback, useState } from "react";
import { useText } from "../../text";

const load = () => import("./preferences");
const ListPreferences = lazy(async () => ({ default: (await load()).ListPreferences }));

interface Props {
  value: CollectionPreferencesProps.Preferences;
  onChange: (value: CollectionPreferencesProps.Preferences) => void;
}

/** The button of the preferences. They are large, and loaded when somebody opens them. */
export function PreferencesButton(props: Props) {
  const title = useText().exposures.preferences.title;
  const [wanted, setWanted] = useState(false);
  const button = (loading: boolean) => (
    <Button variant="icon" iconName="settings" ariaLabel={title} loading={loading} onClick={() => setWanted(true)} />
  );
  // What was pressed was the button that stood here before: its successor opens.
  const open = useCallback((frame: HTMLElement | null) => frame?.querySelector("button")?.click(), []);
  return wanted ? (
    <Suspense fallback={button(true)}>
      <span ref={open}>
        <ListPreferences {...props} />
      </span>
    </Suspense>
  ) : (
    button(false)
  );
}
