import Select from "@cloudscape-design/components/select";
import { useText } from "../text";
import { useUrl } from "./url";

export interface Option {
  value: string;
  label?: string;
}

/** One filter of a list: a value, or all. It is kept in the address. */
export function Choice({ name, label, options, usual }: { name: string; label: string; options: Option[]; usual?: string }) {
  const text = useText();
  const { get, set } = useUrl();
  const chosen = get(name, usual);
  const list = [
    ...(usual === undefined ? [{ value: "", label: text.common.all }] : []),
    ...options.map((o) => ({ value: o.value, label: o.label ?? o.value })),
  ];
  return (
    <span className="choice">
      <Select
        inlineLabelText={label}
        ariaLabel={label}
        expandToViewport
        options={list}
        selectedOption={list.find((o) => o.value === chosen) ?? { value: chosen, label: chosen }}
        onChange={(e) =>
          set({ [name]: e.detail.selectedOption.value === usual ? undefined : e.detail.selectedOption.value, page: undefined })
        }
        filteringType={list.length > 12 ? "auto" : "none"}
      />
    </span>
  );
}
