/** One statement in a lane: what is sent for it, and what comes back. */
import { ConnectorError } from "../../../core/errors.ts";
import type { Call } from "../../../core/call.ts";
import type { Statement } from "../../../contracts/sql/compile.ts";
import type { RunOptions, SqlResult } from "../../../contracts/sql/connection.ts";
import type { Row } from "../../../contracts/sql/operations.ts";
import { tooLarge } from "../../../contracts/sql/too-large.ts";
import { isOutdated } from "../statements/outdated.ts";
import type { Prepared } from "../statements/statement-cache.ts";
import { encodeParameters } from "../values/parameters.ts";
import type { Messages } from "../wire/messages.ts";
import { serverErrorOf } from "../wire/server-error.ts";

const DATA_ROW = 0x44;
const COMMAND_COMPLETE = 0x43;
const ERROR_RESPONSE = 0x45;
/** query_canceled. */
const CANCELLED = "57014";

/** What can stand in a lane. */
export interface Occupant {
  readonly call: Call | undefined;
  readonly sql: string;
  /** When it came to the head of its lane; set by the lane. */
  headSince: number;
  /** Its answer is larger than allowed, and goes on coming. */
  readonly isTooLarge: boolean;
  /** Somebody's cancellation struck it, and not its caller's: it had no effect, and nobody asked for that. */
  readonly isStruck: boolean;
  /** Why the server did not run it as it was prepared, if so. */
  readonly outdated: unknown;
  /** Throws where a value cannot be sent; nothing is written then. */
  write(messages: Messages): void;
  handleMessage(type: number, bytes: Buffer, start: number, end: number): void;
  /** The server is ready for the next. */
  settle(): void;
  fail(error: unknown): void;
  /** Starts again on a connection of its own; its caller notices nothing. */
  startAgain(): void;
}

export class Exchange implements Occupant {
  readonly call: Call | undefined;
  readonly answer: Promise<SqlResult>;
  headSince = 0;
  readonly #statement: Statement;
  readonly #runAlone: () => Promise<SqlResult>;
  readonly #prepared: Prepared;
  readonly #bounds: Pick<RunOptions, "maxRows" | "maxBytes">;
  readonly #rows: Row[] = [];
  #bytes = 0;
  #failure: { readonly error: unknown } | undefined;
  #resolve!: (result: SqlResult) => void;
  #reject!: (error: unknown) => void;

  constructor(
    statement: Statement,
    prepared: Prepared,
    { call, ...bounds }: Pick<RunOptions, "call" | "maxRows" | "maxBytes">,
    runAlone: () => Promise<SqlResult>,
  ) {
    this.#statement = statement;
    this.#runAlone = runAlone;
    this.call = call;
    this.#prepared = prepared;
    this.#bounds = bounds;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get sql(): string {
    return this.#statement.sql;
  }

  get isTooLarge(): boolean {
    return this.#failure?.error instanceof ConnectorError && this.#failure.error.kind === "too_large";
  }

  write(messages: Messages): void {
    const { name, types, shape } = this.#prepared;
    const values = encodeParameters(this.#statement.values, types);
    messages
      .bind("", name, values, shape?.formats ?? [])
      .execute("", 0)
      .sync();
  }

  handleMessage(type: number, bytes: Buffer, start: number, end: number): void {
    if (type === DATA_ROW) this.#add(bytes, start, end);
    else if (type === ERROR_RESPONSE) this.#failure = { error: serverErrorOf(bytes, start, end) };
    else if (type === COMMAND_COMPLETE && bytes.toString("latin1", start, start + 6) !== "SELECT")
      this.#failure = { error: new Error("A prepared SELECT was answered as something else") };
  }

  get outdated(): unknown {
    const error = this.#failure?.error;
    return error !== undefined && isOutdated(error) ? error : undefined;
  }

  get isStruck(): boolean {
    const { code } = (this.#failure?.error ?? {}) as { readonly code?: unknown };
    return code === CANCELLED && this.call?.cancelled === undefined;
  }

  settle(): void {
    if (this.#failure !== undefined) return this.#reject(this.#failure.error);
    const rows = this.#rows;
    this.#resolve({ rows, columns: this.#prepared.shape?.columns ?? [], count: rows.length, command: "SELECT" });
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  startAgain(): void {
    this.#runAlone().then(this.#resolve, this.#reject);
  }

  #add(bytes: Buffer, start: number, end: number): void {
    if (this.#failure !== undefined) return;
    const { maxRows = Infinity, maxBytes = Infinity } = this.#bounds;
    this.#bytes += end - start;
    if (this.#bytes > maxBytes || this.#rows.length >= maxRows) {
      this.#rows.length = 0;
      const bound = this.#bytes > maxBytes ? `maxBytes (${maxBytes})` : `maxRows (${maxRows})`;
      this.#failure = { error: tooLarge(bound) };
      return;
    }
    try {
      this.#rows.push(this.#prepared.shape!.read(bytes, start, end));
    } catch (error) {
      this.#failure = { error };
    }
  }
}
