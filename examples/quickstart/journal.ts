/** Collects the record of every call, as an exporter of traces or metrics would, and makes a table of them. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { CallRecord } from "busbar";

const CHANNEL = "busbar:call";

export class Journal implements Disposable {
  readonly calls: CallRecord[] = [];
  readonly #listen = (record: unknown): void => {
    this.calls.push(record as CallRecord);
  };

  constructor() {
    subscribe(CHANNEL, this.#listen);
  }

  [Symbol.dispose](): void {
    unsubscribe(CHANNEL, this.#listen);
  }

  render(): string {
    const rows = [
      ["connector", "operation", "tries", "time", "outcome"],
      ...this.calls.map(({ connector, operation, attempts, durationMs, result }) => [
        connector,
        operation,
        String(attempts),
        `${durationMs.toFixed(1)} ms`,
        result ?? "",
      ]),
    ];
    const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
    const isNumber = (at: number): boolean => at === 2 || at === 3;
    const cell = (text: string, at: number): string =>
      isNumber(at) ? text.padStart(widths[at]!) : text.padEnd(widths[at]!);
    const lines = rows.map((row) => `  ${row.map(cell).join("   ").trimEnd()}`);
    lines.splice(1, 0, `  ${widths.map((width) => "─".repeat(width)).join("   ")}`);
    return lines.join("\n");
  }
}
