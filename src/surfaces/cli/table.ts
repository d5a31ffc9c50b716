/** Rows as a table for people: aligned, at most as wide as the terminal. */
import { cellWidth, cutToWidth } from "./cell-width.ts";
import { printableLine } from "./printable.ts";

export interface TableOptions {
  /** Columns of the terminal; longer cells are cut. Without it nothing is cut. */
  readonly width?: number | undefined;
  /** Positions of columns that are set flush right. */
  readonly right?: ReadonlySet<number>;
  readonly paintTitle?: (title: string) => string;
}

const GAP = "  ";
/** Cells are not cut shorter than this: a table of many columns is then wider than the terminal. */
const NARROWEST = 8;

/** Lines of a table, each ended. Text in cells is made printable; a cell that is left out is empty. */
export function renderTable(
  titles: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
  { width, right = new Set(), paintTitle = (title) => title }: TableOptions = {},
): string {
  const head = titles.map(printableLine);
  const body = rows.map((row) => head.map((_, at) => printableLine(row[at] ?? "")));
  const widths = head.map((title, at) => {
    let most = cellWidth(title);
    for (const row of body) most = Math.max(most, cellWidth(row[at]!));
    return most;
  });
  if (width !== undefined) narrow(widths, width - GAP.length * (widths.length - 1));
  const line = (cells: readonly string[], paint = (cell: string): string => cell): string =>
    cells
      .map((cell, at) => {
        const shown = cutToWidth(cell, widths[at]!);
        const space = " ".repeat(widths[at]! - cellWidth(shown));
        return right.has(at) ? space + paint(shown) : paint(shown) + space;
      })
      .join(GAP)
      .trimEnd();
  const rule = widths.map((most) => "─".repeat(most)).join(GAP);
  return [line(head, paintTitle), rule, ...body.map((row) => line(row))].map((text) => `${text}\n`).join("");
}

/** Takes from the widest first until the sum fits. */
function narrow(widths: number[], room: number): void {
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) return;
    const next = Math.max(NARROWEST, ...widths.filter((width) => width < widest));
    const all = widths.flatMap((width, at) => (width === widest ? [at] : []));
    const each = Math.max(1, Math.min(widest - next, Math.ceil(excess / all.length)));
    for (const at of all) {
      if (excess <= 0) return;
      widths[at]! -= each;
      excess -= each;
    }
  }
}
