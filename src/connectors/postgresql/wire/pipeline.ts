/**
 * Several statements in one round trip: all are sent before the first answer, with one Sync at the end (PostgreSQL manual,
 * "Pipelining"). The server runs them in order, and after one that fails it skips the rest.
 *
 * They belong into a transaction that is open or that one of them opens: on their own, Sync would make one of them all.
 */
import { ConnectorError } from "../../../core/errors.ts";
import type { Statement } from "../../../contracts/sql/compile.ts";
import type { QueryAnswer, Wire } from "./extended-query.ts";
import { encodeParameters, needsTypes } from "../values/parameters.ts";
import { RowReader, type Field } from "./row-reader.ts";

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

export class Pipeline {
  /** Rejects where nothing was sent, or the connection breaks; what a statement fails of is part of the answer. */
  readonly answer: Promise<PipelineAnswer>;
  readonly #statements: readonly Statement[];
  readonly #answers: QueryAnswer[] = [];
  #reader = new RowReader();
  #failure: { readonly error: unknown } | undefined;
  /** Why nothing was sent. */
  #refusal: { readonly error: unknown } | undefined;
  #wire: Wire | undefined;
  #resolve!: (answer: PipelineAnswer) => void;
  #reject!: (error: unknown) => void;

  constructor(statements: readonly Statement[]) {
    this.#statements = statements;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Called by the driver when it is the pipeline's turn. */
  submit(wire: Wire): Error | null {
    if (!wire.stream.writable) return new Error("Connection terminated");
    this.#wire = wire;
    wire.stream.cork();
    try {
      // All or nothing: a value that cannot be sent is found before any statement is.
      const encoded = this.#statements.map(({ values }) => encodeParameters(values));
      this.#statements.forEach(({ sql }, at) => {
        wire.parse({ text: sql });
        wire.bind({ portal: "", values: encoded[at]! });
        wire.describe({ type: "P", name: "" });
        wire.execute({ portal: "", rows: 0 });
      });
    } catch (error) {
      this.#refusal = { error };
    } finally {
      wire.sync();
      wire.stream.uncork();
    }
    return null;
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    this.#reader.describe(fields);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    if (this.#failure !== undefined) return;
    try {
      this.#reader.add(fields);
    } catch (error) {
      this.#failure = { error };
    }
  }

  handleCommandComplete({ text: tag }: { readonly text: string }): void {
    // After an answer that cannot be read, the rest must not count as answered.
    if (this.#failure !== undefined) return;
    const { rows, fields } = this.#reader;
    this.#answers.push({ rows, fields, tag, hasMore: false });
    this.#reader = new RowReader();
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
    } else this.#reject(error);
  }

  readonly #onOver = (): void => {
    this.#wire!.removeListener("readyForQuery", this.#onOver);
    this.#wire!.removeListener("end", this.#onOver);
    this.#settle();
  };

  #settle(): void {
    if (this.#refusal !== undefined) return this.#reject(this.#refusal.error);
    const answers = this.#answers;
    this.#resolve(this.#failure === undefined ? { answers } : { answers, failure: this.#failure });
  }
}
