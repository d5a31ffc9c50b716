/** Results as text. */
import type { Pledge } from "./bench.ts";
import type { Row, Verdict } from "./results.ts";

type Cell = string;

/** Columns as wide as they must be; the first to the left, the others to the right. */
function aligned(rows: readonly (readonly Cell[])[], lefts = 1): string {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  const line = (row: readonly Cell[]): string =>
    row.map((cell, at) => (at < lefts ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join("   ");
  return rows.map((row) => `  ${line(row).trimEnd()}`).join("\n");
}

const digits = (value: number, count: number): string =>
  value.toLocaleString("en-US", { maximumFractionDigits: count, minimumFractionDigits: count });

const small = (value: number): string => digits(value, value < 10 ? 2 : value < 100 ? 1 : 0);

export function renderRows(rows: readonly Row[]): string {
  return aligned([
    ["", "ops/s", "busbar is", "CPU µs/op", "peak MiB"],
    ...rows.map(({ side, perSecond, busbarIs, cpuMicros, peakRssBytes }) => [
      side.name,
      digits(perSecond, 0),
      busbarIs === undefined ? "" : `${small(busbarIs)} ×`,
      small(cpuMicros),
      digits(peakRssBytes / 2 ** 20, 0),
    ]),
  ]);
}

const WORDS: Readonly<
  Record<Pledge["measure"], { readonly what: string; readonly bound: string; readonly unit: string }>
> = {
  throughput: { what: "ops/s of", bound: "≥", unit: "×" },
  cpu: { what: "CPU of", bound: "≤", unit: "×" },
  cost: { what: "CPU above", bound: "≤", unit: "µs" },
  memory: { what: "peak memory", bound: "≤", unit: "MiB" },
};

export function renderVerdicts(verdicts: readonly Verdict[]): string {
  return aligned(
    verdicts.map(({ pledge, found, isKept, isGoalReached }) => {
      const { what, bound, unit } = WORDS[pledge.measure];
      return [
        pledge.id,
        [`${pledge.side}: ${what}`, pledge.against ?? ""].join(" ").trimEnd(),
        `${digits(found, 2)} ${unit}`,
        `promised ${bound} ${digits(pledge.promised, 2)}`,
        `goal ${bound} ${digits(pledge.goal, 2)}`,
        isGoalReached ? "goal reached" : isKept ? "kept" : "BROKEN",
      ];
    }),
    2,
  );
}
