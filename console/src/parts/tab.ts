import type { TabsProps } from "@cloudscape-design/components/tabs";
import { useUrl } from "./url";

/** Which tab is shown is in the address; another one begins with its own list. */
export function useTab(first: string): Pick<TabsProps, "activeTabId" | "onChange"> {
  const { get, set } = useUrl();
  return {
    activeTabId: get("tab", first),
    onChange: ({ detail }) =>
      set({ tab: detail.activeTabId === first ? undefined : detail.activeTabId, q: undefined, sort: undefined, page: undefined }),
  };
}
