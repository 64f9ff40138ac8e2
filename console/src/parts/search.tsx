import TextFilter from "@cloudscape-design/components/text-filter";
import { useEffect, useState } from "react";

interface Props {
  /** What is searched for, as the address has it. */
  value: string;
  label: string;
  countText?: string;
  onSearch: (text: string) => void;
}

/** How long typing pauses before it is searched for. */
const pause = 200;

/**
 * A search whose text is kept in the address. The address follows typing late, so what
 * is typed is kept here, and another address than those that typing made replaces it.
 */
export function Search({ value, label, countText, onSearch }: Props) {
  const [typed, setTyped] = useState(value);
  const [seen, setSeen] = useState(value);
  const [sent, setSent] = useState<string[]>([]);
  if (value !== seen) {
    setSeen(value);
    const own = sent.indexOf(value);
    if (own >= 0) {
      setSent(sent.slice(own + 1));
    } else {
      setTyped(value);
    }
  }
  const asked = sent.at(-1) ?? value;
  useEffect(() => {
    if (typed === asked) {
      return undefined;
    }
    const wait = setTimeout(() => {
      setSent((old) => [...old, typed]);
      onSearch(typed);
    }, pause);
    return () => clearTimeout(wait);
  }, [typed, asked, onSearch]);
  return (
    <TextFilter
      filteringText={typed}
      filteringAriaLabel={label}
      filteringPlaceholder={label}
      {...(countText === undefined ? {} : { countText })}
      onChange={(e) => setTyped(e.detail.filteringText)}
    />
  );
}
