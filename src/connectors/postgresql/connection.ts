/** One connection of the driver, with what the contract asks of it. */
import type pg from "pg";
import type { Call } from "../../core/call.ts";
import { StatementGuard, type CancellingHooks } from "../../contracts/sql/cancelling.ts";
import type { Statement } from "../../contracts/sql/compile.ts";
import type {
  Loader,
  LoadTarget,
  RunOptions,
  SqlConnection,
  SqlResult,
  SqlResults,
} from "../../contracts/sql/connection.ts";
import { runInTurn } from "../../contracts/sql/in-turn.ts";
import { beginLoad } from "./copy/load.ts";
import { CopyIn } from "./copy/copy-in.ts";
import { ExtendedQuery, type QueryAnswer, type QueryRequest, type Wire } from "./wire/extended-query.ts";
import { canBePipelined, Pipeline } from "./wire/pipeline.ts";
import type { Field } from "./wire/row-reader.ts";
import { nameOf } from "./values/types.ts";

/** Statements that leave something behind in the session, by the server's own word for them. */
const CHANGES_SESSION = new Set(["SET", "RESET", "LISTEN", "UNLISTEN", "PREPARE", "DEALLOCATE", "DECLARE", "LOAD"]);
const CLOSE_MS = 1_000;

export class PostgreSQLConnection implements SqlConnection {
  readonly #client: pg.Client;
  readonly #hooks: Omit<CancellingHooks, "destroy">;
  readonly #guard: StatementGuard;
  #isOver = false;
  #isChanged = false;
  #portals = 0;

  constructor(client: pg.Client, hooks: Omit<CancellingHooks, "destroy">) {
    this.#client = client;
    this.#hooks = hooks;
    this.#guard = new StatementGuard({ ...hooks, destroy: () => this.destroy() });
  }

  get transaction(): SqlConnection["transaction"] {
    const status = this.#client.getTransactionStatus();
    return status === "T" ? "open" : status === "E" ? "failed" : "none";
  }

  /** A socket whose other end has hung up takes nothing more, some time before it is closed. */
  get isBroken(): boolean {
    return this.#isOver || !this.#client.connection.stream.writable;
  }

  /** Whether it was ended from this side. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get isTidy(): boolean {
    return !this.#isChanged && !this.#guard.isCancelling;
  }

  async run(statement: Statement, { call, ...options }: RunOptions = {}): Promise<SqlResult> {
    return resultOf(await this.#send({ sql: statement.sql, values: statement.values, ...options }, call));
  }

  async runAll(statements: readonly Statement[], { call }: RunOptions = {}): Promise<SqlResults> {
    if (!statements.every(canBePipelined)) return runInTurn(this, statements, { call });
    const pipeline = new Pipeline(statements);
    const { answers, failure } = await this.#guard.run(() => {
      // As in `#send`.
      this.#client.query(pipeline as unknown as pg.Submittable);
      return pipeline.answer;
    }, call);
    const results = answers.map(resultOf);
    return failure === undefined ? { results } : { results, failure };
  }

  async *batches(
    statement: Statement,
    { call, rowsOnly, batchSize: rows }: RunOptions & { readonly batchSize: number },
  ): AsyncGenerator<Pick<SqlResult, "rows" | "columns">, void, undefined> {
    const name = `busbar_${++this.#portals}`;
    let answer = await this.#send({ ...statement, rowsOnly, portal: { name, rows } }, call);
    const { fields } = answer;
    const columns = columnsOf(fields);
    for (;;) {
      yield { rows: answer.rows, columns };
      if (!answer.hasMore) return;
      answer = await this.#send({ sql: "", values: [], portal: { name, rows, fields } }, call);
    }
  }

  load(target: LoadTarget, { call }: Pick<RunOptions, "call">): Promise<Loader | undefined> {
    return beginLoad(this, target, call);
  }

  copyIn(sql: string, call: Call | undefined): { readonly copy: CopyIn; readonly answer: Promise<number> } {
    const copy = new CopyIn(sql);
    const begin = (): Promise<number> => {
      // As in `#send`.
      this.#client.query(copy as unknown as pg.Submittable);
      return copy.answer;
    };
    // A server that waits for data hears of no cancellation.
    const stopListening = call?.onCancel(() => copy.fail());
    return { copy, answer: this.#guard.run(begin, call).finally(() => stopListening?.()) };
  }

  async tidy(): Promise<void> {
    await this.#guard.settled();
    if (!this.#isChanged || this.isBroken || this.transaction !== "none") return;
    this.#isChanged = false;
    await this.#send({ sql: "DISCARD ALL", values: [] }).catch(() => this.destroy());
  }

  async probe(): Promise<boolean> {
    const answer = (): Promise<boolean> => new Promise((resolve) => void this.#client.query(signOfLife(resolve)));
    const isAlive = await this.#guard.run(answer, undefined);
    if (!isAlive) this.destroy();
    return isAlive;
  }

  destroy(): void {
    this.#isOver = true;
    this.#client.connection.stream.destroy();
  }

  /** Says goodbye where that is possible. Never rejects. */
  async close(): Promise<void> {
    this.#isOver = true;
    const timer = this.#hooks.clock.after(CLOSE_MS, () => this.destroy());
    await this.#client.end().catch(() => {});
    timer.cancel();
  }

  async #send(request: QueryRequest, call?: Call): Promise<QueryAnswer> {
    const answer = await this.#guard.run((stop) => {
      const query = new ExtendedQuery(request, stop);
      // The driver's types know submittables only by a part of their methods.
      this.#client.query(query as unknown as pg.Submittable);
      return query.answer;
    }, call);
    this.#isChanged ||= CHANGES_SESSION.has(commandOf(answer.tag));
    return answer;
  }
}

function resultOf({ rows, fields, tag }: QueryAnswer): SqlResult {
  return { rows, columns: columnsOf(fields), command: commandOf(tag), count: Number(/\d+$/.exec(tag)?.[0] ?? 0) };
}

function commandOf(tag: string): string {
  return tag.split(" ", 1)[0]!;
}

function columnsOf(fields: readonly Field[]): SqlResult["columns"] {
  return fields.map(({ name, dataTypeID }) => ({ name, type: nameOf(dataTypeID) }));
}

/** A lone Sync: the cheapest question there is, and it does nothing to the session. */
function signOfLife(answer: (isAlive: boolean) => void): pg.Submittable {
  const question = {
    submit: (wire: Wire): Error | null => {
      if (!wire.stream.writable) return new Error("Connection terminated");
      wire.sync();
      return null;
    },
    handleReadyForQuery: () => answer(true),
    handleError: () => answer(false),
  };
  // As above.
  return question as unknown as pg.Submittable;
}
