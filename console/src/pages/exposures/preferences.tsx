import CollectionPreferences, { type CollectionPreferencesProps } from "@cloudscape-design/components/collection-preferences";
import { useFormats, useText } from "../../text";
import { columnsOf } from "./columns";

interface PreferencesProps {
  value: CollectionPreferencesProps.Preferences;
  onChange: (value: CollectionPreferencesProps.Preferences) => void;
}

const sizes = [10, 20, 50, 100];

/** Page size, columns and how lines are drawn. */
export function ListPreferences({ value, onChange }: PreferencesProps) {
  const text = useText();
  const formats = useFormats();
  const p = text.exposures.preferences;
  return (
    <CollectionPreferences
      title={p.title}
      confirmLabel={text.common.apply}
      cancelLabel={text.common.cancel}
      preferences={value}
      onConfirm={(e) => onChange(e.detail)}
      pageSizePreference={{ title: p.size, options: sizes.map((n) => ({ value: n, label: p.sizeOption(formats.number(n)) })) }}
      wrapLinesPreference={{ label: p.wrap, description: p.wrapHint }}
      contentDensityPreference={{ label: p.dense, description: p.denseHint }}
      contentDisplayPreference={{
        title: p.columns,
        options: columnsOf(text, formats).map((c) => ({
          id: c.id ?? "",
          label: text.exposures.columns[c.id as keyof typeof text.exposures.columns],
          alwaysVisible: c.id === "title",
        })),
      }}
    />
  );
}
