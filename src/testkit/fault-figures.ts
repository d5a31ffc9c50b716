/** What was measured under each fault, as a table. */

/** One call that was to end by some time. */
export interface Figure {
  /** What it was measured under. */
  readonly under: string;
  /** What was measured: a read, a write, an abort. */
  readonly what: string;
  readonly tookMs: number;
  /** What it was allowed. */
  readonly limitMs: number;
  /** How long the machine kept the process from running meanwhile; allowed on top. */
  readonly lostMs: number;
}

/** Keeps the worst of each sort. */
export class FaultFigures {
  readonly #worst = new Map<string, Map<string, Figure>>();

  add(figure: Figure): void {
    const { under, what } = figure;
    const row = this.#worst.get(under) ?? new Map<string, Figure>();
    this.#worst.set(under, row);
    const known = row.get(what);
    if (known === undefined || figure.tookMs - figure.limitMs > known.tookMs - known.limitMs) row.set(what, figure);
  }

  /** One line a fault, in the order in which they were first measured. */
  render(title: string): string {
    const width = Math.max(0, ...[...this.#worst.keys()].map((under) => under.length));
    const lines = [...this.#worst].map(([under, row]) => {
      const cells = [...row.values()].map(({ what, tookMs, limitMs, lostMs }) => {
        const lost = lostMs >= 1 ? ` (+${lostMs.toFixed(0)} lost)` : "";
        return `${what} ${tookMs.toFixed(0)}/${limitMs.toFixed(0)}${lost}`;
      });
      return `  ${under.padEnd(width)}  ${cells.join(" · ")}`;
    });
    return [`${title}: milliseconds taken/allowed`, ...lines].join("\n");
  }
}
