import { useStored } from "../../parts/stored";
import { arrangementName, usual, widgets, type Arrangement } from "./arrangement";

/** Gives the arrangement that this browser keeps; a widget that it does not know of comes last. */
export function useArrangement(): [Arrangement, (to: Arrangement) => void] {
  const [kept, keep] = useStored(arrangementName, usual);
  const known = kept.order.filter((w) => widgets.includes(w));
  return [{ order: [...known, ...widgets.filter((w) => !known.includes(w))], hidden: kept.hidden }, keep];
}
