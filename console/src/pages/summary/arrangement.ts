/** The parts of the page that can be moved and hidden, in their usual order. */
export const widgets = ["severities", "worst", "trend", "topics", "cost", "coverage"] as const;
export type WidgetName = (typeof widgets)[number];

/** What somebody made of the page. */
export interface Arrangement {
  order: WidgetName[];
  hidden: WidgetName[];
}

/** The name under which a browser keeps its arrangement. */
export const arrangementName = "summary.widgets";

export const usual: Arrangement = { order: [...widgets], hidden: [] };

const full: readonly WidgetName[] = ["severities", "coverage"];

/** How wide each of some widgets is, of twelve columns: two that can stand beside each other do. */
export function spans(shown: readonly WidgetName[]): number[] {
  const of: number[] = [];
  for (let i = 0; i < shown.length; i++) {
    const [one, next] = [shown[i], shown[i + 1]];
    if (one && next && !full.includes(one) && !full.includes(next)) {
      of.push(7, 5);
      i++;
    } else {
      of.push(12);
    }
  }
  return of;
}
