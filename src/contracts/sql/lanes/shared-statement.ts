/** A caller's statement in a lane: whatever the system's protocol is, its rows within bounds, and one answer. */
import type { Call } from "../../../core/call.ts";
import { ConnectorError } from "../../../core/errors.ts";
import type { RunOptions, SqlResult } from "../connection.ts";
import type { Row } from "../operations.ts";
import type { Statement } from "../statement.ts";
import { tooLarge } from "../too-large.ts";

/** What a caller asks of a lane. */
export interface Asked {
  readonly statement: Statement;
  readonly call: Call | undefined;
  readonly bounds: Pick<RunOptions, "maxRows" | "maxBytes">;
  /** Runs it on a connection of its own. */
  readonly alone: () => Promise<SqlResult>;
}

/** What occupants that answer a caller have in common. */
export abstract class SharedStatement {
  readonly answer: Promise<SqlResult>;
  headSince = 0;
  protected readonly asked: Asked;
  protected readonly rows: Row[] = [];
  /** What it fails with when it is over. */
  protected failure: { readonly error: unknown } | undefined;
  #bytes = 0;
  #resolve!: (result: SqlResult) => void;
  #reject!: (error: unknown) => void;

  constructor(asked: Asked) {
    this.asked = asked;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get call(): Call | undefined {
    return this.asked.call;
  }

  get sql(): string {
    return this.asked.statement.sql;
  }

  get isTooLarge(): boolean {
    return this.failure?.error instanceof ConnectorError && this.failure.error.kind === "too_large";
  }

  settle(): void {
    if (this.failure !== undefined) return this.#reject(this.failure.error);
    const { rows, columns } = this;
    this.#resolve({ rows, columns, count: rows.length, command: "SELECT" });
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  startAgain(): void {
    this.asked.alone().then(this.#resolve, this.#reject);
  }

  protected abstract readonly columns: SqlResult["columns"];

  /** Whether there is room for one more row, of so many bytes. */
  protected hasRoomFor(bytes: number): boolean {
    if (this.failure !== undefined) return false;
    const { maxRows = Infinity, maxBytes = Infinity } = this.asked.bounds;
    this.#bytes += bytes;
    if (this.#bytes <= maxBytes && this.rows.length < maxRows) return true;
    this.rows.length = 0;
    const bound = this.#bytes > maxBytes ? `maxBytes (${maxBytes})` : `maxRows (${maxRows})`;
    this.failure = { error: tooLarge(bound) };
    return false;
  }
}
