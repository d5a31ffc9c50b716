/**
 * Several statements in one round trip: all are sent before the first answer, with one Sync at the end (PostgreSQL manual,
 * "Pipelining"). The server runs them in order, and after one that fails it skips the rest.
 *
 * They belong into a transaction that is open or that one of them opens: on their own, Sync would make one of them all.
 */
import { ConnectorError } from "../../../core/errors.ts";
import type { Statement } from "../../../contracts/sql/compile.ts";
import type { Row } from "../../../contracts/sql/operations.ts";
import type { QueryAnswer, Wire } from "./extended-query.ts";
import { encodeParameters, needsTypes } from "../values/parameters.ts";
import type { RowReceiver, RowTap } from "../wire/frames.ts";
import { Messages } from "../wire/messages.ts";
import { Shape, type Field } from "../values/shape.ts";

/** Whether a statement can be sent without asking the server first of what types its parameters are. */
export function canBePipelined({ values }: Statement): boolean {
  return !needsTypes(values);
}

export interface PipelineAnswer {
  /** Of the statements that succeeded. */
  readonly answers: readonly QueryAnswer[];
  /** What the statement after them failed of. */
  readonly failure?: { readonly error: unknown };
}

export class Pipeline implements RowReceiver {
  /** Rejects where nothing was sent, or the connection breaks; what a statement fails of is part of the answer. */
  readonly answer: Promise<PipelineAnswer>;
  readonly #statements: readonly Statement[];
  readonly #answers: QueryAnswer[] = [];
  readonly #tap: RowTap;
  #shape: Shape | undefined;
  #rows: Row[] = [];
  #failure: { readonly error: unknown } | undefined;
  /** Why nothing was sent. */
  #refusal: { readonly error: unknown } | undefined;
  #wire: Wire | undefined;
  #resolve!: (answer: PipelineAnswer) => void;
  #reject!: (error: unknown) => void;

  constructor(statements: readonly Statement[], tap: RowTap) {
    this.#statements = statements;
    this.#tap = tap;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Called by the driver when it is the pipeline's turn. */
  submit(wire: Wire): Error | null {
    if (!wire.stream.writable) return new Error("Connection terminated");
    this.#wire = wire;
    this.#tap.receiver = this;
    const messages = new Messages();
    try {
      for (const { sql, values } of this.#statements)
        messages.parse("", sql).bind("", "", encodeParameters(values), []).describePortal("").execute("", 0);
      wire.stream.write(messages.sync().end());
    } catch (error) {
      // All or nothing: a value that cannot be sent is found before any statement is.
      this.#refusal = { error };
      wire.sync();
    }
    return null;
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    this.#shape = new Shape(fields, false);
  }

  handleRow(bytes: Buffer, start: number, end: number): void {
    if (this.#failure !== undefined) return;
    try {
      this.#rows.push(this.#shape!.read(bytes, start, end));
    } catch (error) {
      this.#failure = { error };
    }
  }

  handleCommandComplete({ text: tag }: { readonly text: string }): void {
    // After an answer that cannot be read, the rest must not count as answered.
    if (this.#failure !== undefined) return;
    this.#answers.push({ rows: this.#rows, shape: this.#shape, tag, hasMore: false });
    this.#rows = [];
    this.#shape = undefined;
  }

  handleReadyForQuery(): void {
    this.#settle();
  }

  /** An error of the server, which skips the rest; or of the connection, after which nothing comes. */
  handleError(error: Error): void {
    if (this.#wire === undefined)
      this.#reject(new ConnectorError("connection_lost", error.message, { outcome: "none", cause: error }));
    else if ("severity" in error) {
      this.#failure ??= { error };
      // From here on the driver no longer tells this pipeline what happens.
      this.#wire.on("readyForQuery", this.#onOver);
      this.#wire.on("end", this.#onOver);
    } else {
      if (this.#tap.receiver === this) this.#tap.receiver = undefined;
      this.#reject(error);
    }
  }

  readonly #onOver = (): void => {
    this.#wire!.removeListener("readyForQuery", this.#onOver);
    this.#wire!.removeListener("end", this.#onOver);
    this.#settle();
  };

  #settle(): void {
    if (this.#tap.receiver === this) this.#tap.receiver = undefined;
    if (this.#refusal !== undefined) return this.#reject(this.#refusal.error);
    const answers = this.#answers;
    this.#resolve(this.#failure === undefined ? { answers } : { answers, failure: this.#failure });
  }
}
