import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import { Dialog } from "../../parts/dialog";
import { useKept } from "../../parts/kept";
import { useText } from "../../text";
import { openOnly, type Query } from "./filters";

interface FilterSet {
  name: string;
  query: Query;
}

/** Filter sets that are kept under a name. */
export function SavedSets({ query, onChoose }: { query: Query; onChoose: (q: Query) => void }) {
  const text = useText().exposures.filter;
  const [sets, setSets] = useKept<FilterSet[]>("exposures.filter-sets", [], text.failed);
  const [naming, setNaming] = useState(false);
  const current = sets.find((s) => JSON.stringify(s.query) === JSON.stringify(query));
  const choose = (id: string) => {
    switch (id) {
      case "save":
        setNaming(true);
        return;
      case "reset":
        onChoose(openOnly);
        return;
      case "remove":
        setSets(sets.filter((s) => s !== current));
        return;
      default: {
        const set = sets[Number(id)];
        if (set) {
          onChoose(set.query);
        }
      }
    }
  };
  return (
    <>
      <ButtonDropdown
        expandToViewport
        onItemClick={(e) => choose(e.detail.id)}
        items={[
          { id: "save", text: text.save },
          { id: "remove", text: text.remove, disabled: !current },
          {
            text: text.saved,
            items: [{ id: "reset", text: text.reset }, ...sets.map((s, i) => ({ id: String(i), text: s.name }))],
          },
        ]}
      >
        {current?.name ?? text.saved}
      </ButtonDropdown>
      {naming && (
        <Naming
          onClose={() => setNaming(false)}
          onSave={(name) => {
            setSets([...sets.filter((s) => s.name !== name), { name, query }].sort((a, b) => a.name.localeCompare(b.name)));
            setNaming(false);
          }}
        />
      )}
    </>
  );
}

function Naming({ onClose, onSave }: { onClose: () => void; onSave: (name: string) => void }) {
  const text = useText();
  const [name, setName] = useState("");
  return (
    <Dialog
      title={text.exposures.filter.save}
      action={text.common.save}
      disabled={!name.trim()}
      onAction={() => onSave(name.trim())}
      onClose={onClose}
    >
      <FormField label={text.exposures.filter.name} constraintText={text.exposures.filter.nameHint}>
        <Input
          value={name}
          onChange={(e) => setName(e.detail.value)}
          onKeyDown={(e) => {
            if (e.detail.key === "Enter" && name.trim()) {
              onSave(name.trim());
            }
          }}
        />
      </FormField>
    </Dialog>
  );
}
