/** Outcomes as text: one table with a column for each part, and below it every expectation. */
import type { Outcome } from "./scenario.ts";

/** A part's name with how it came out, or with why it did not. */
export interface Result {
  readonly part: string;
  readonly outcome: Outcome;
}

/** Text longer than this stands below the table. */
const WIDEST = 24;

const textOf = (value: string | number | undefined): string =>
  typeof value === "number" ? value.toLocaleString("en-US", { maximumFractionDigits: 2 }) : (value ?? "");

export function renderTable(results: readonly Result[]): string {
  const names = [...new Set(results.flatMap(({ outcome }) => Object.keys(outcome.facts)))];
  const rows = names.map((name) => [name, ...results.map(({ outcome }) => textOf(outcome.facts[name]))]);
  const isNarrow = ([, ...cells]: readonly string[]): boolean => cells.every((cell) => cell.length <= WIDEST);
  const table = aligned([["", ...results.map(({ part }) => part)], ...rows.filter(isNarrow)]);
  const wide = rows.filter((row) => !isNarrow(row));
  const notes = wide.flatMap(([name, ...cells]) => cells.map((cell, at) => `  ${name}, ${results[at]!.part}: ${cell}`));
  return [table, ...notes].join("\n");
}

/** The first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join("   ");
  return rows.map((row) => `  ${line(row).trimEnd()}`).join("\n");
}

/** A line for each expectation; where it was not met, one for each part that broke it. */
export function renderExpectations(results: readonly Result[]): string {
  const whats = new Set(results.flatMap(({ outcome }) => outcome.expectations.map(({ what }) => what)));
  return [...whats].flatMap((what) => linesOf(what, results)).join("\n");
}

function linesOf(what: string, results: readonly Result[]): string[] {
  const found = results.flatMap(({ part, outcome }) =>
    outcome.expectations.filter((each) => each.what === what).map((each) => ({ part, ...each })),
  );
  const broken = found.filter(({ isMet }) => !isMet);
  if (broken.length > 0)
    return broken.map(
      (each) => `  ✗ BROKEN ${each.part}: ${what}${each.found === undefined ? "" : `; found ${each.found}`}`,
    );
  const whose = found.length === results.length ? "" : `: ${found.map(({ part }) => part).join(", ")}`;
  return [`  ✓ ${what}${whose}`];
}

/** The expectations that were not met. */
export function brokenIn(results: readonly Result[]): number {
  return results.flatMap(({ outcome }) => outcome.expectations).filter(({ isMet }) => !isMet).length;
}
