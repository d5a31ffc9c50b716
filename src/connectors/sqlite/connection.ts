/** One connection to the database, with what the contract asks of it. */
import type { Call } from "../../core/call.ts";
import { ConnectorError } from "../../core/errors.ts";
import type { RunOptions, SqlConnection, SqlResult, SqlResults } from "../../contracts/sql/connection.ts";
import type { Statement } from "../../contracts/sql/statement.ts";
import type { DeclaredColumn } from "./driver/port.ts";
import { isBusy } from "./driver/sqlite-error.ts";
import type { Backend } from "./engine/backend.ts";
import type { EngineAnswer, EngineRequest } from "./engine/request.ts";
import type { JsonStatement } from "./text/catalog.ts";
import { encodeParameters } from "./values/parameters.ts";
import { RowReader } from "./values/row-reader.ts";
import type { Turns } from "./waiting.ts";

/** Statements that can leave something behind in the session. */
const CHANGES_SESSION = /^\s*(PRAGMA|ATTACH|DETACH|CREATE\s+TEMP)/i;

export interface ConnectionSettings {
  readonly backend: Backend;
  readonly turns: Turns;
  /** The database is gone with its connection. */
  readonly isMemory: boolean;
}

export class SqliteConnection implements SqlConnection {
  readonly #settings: ConnectionSettings;
  /** The shape of the last answer; mostly the next one's too. */
  #reader = new RowReader([]);
  #declared: readonly DeclaredColumn[] = [];
  #isChanged = false;
  /** A statement of the transaction failed. SQLite would go on; other systems do not, and nothing is kept there. */
  #hasFailed = false;
  #isOver = false;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  get transaction(): SqlConnection["transaction"] {
    if (!this.#settings.backend.inTransaction) return "none";
    return this.#hasFailed ? "failed" : "open";
  }

  get isBroken(): boolean {
    return this.#isOver || this.#settings.backend.isLost;
  }

  get isTidy(): boolean {
    return !this.#isChanged && this.transaction === "none";
  }

  async run(statement: Statement, options: RunOptions = {}): Promise<SqlResult> {
    const { call, ...bounds } = options;
    call?.throwIfCancelled();
    const { backend } = this.#settings;
    const asked = this.#asked(statement);
    const answer = await this.#inTurn(() => backend.run(this.#requestOf(asked, bounds), call), call);
    return this.#resultOf(asked, answer);
  }

  async runAll(statements: readonly Statement[], { call }: Pick<RunOptions, "call"> = {}): Promise<SqlResults> {
    const { backend } = this.#settings;
    const results: SqlResult[] = [];
    try {
      call?.throwIfCancelled();
      await this.#inTurn(async () => {
        // What was busy had no effect, so it goes on from there.
        const [first, ...others] = statements.slice(results.length);
        const rest = first === undefined ? [] : [this.#asked(first), ...others];
        const { requests, refused } = this.#requestsOf(rest);
        const { answers, failure = refused } = await backend.runAll(requests, call);
        for (const [at, answer] of answers.entries()) results.push(this.#resultOf(rest[at]!, answer));
        if (failure !== undefined) throw failure.error;
      }, call);
      return { results };
    } catch (error) {
      return { results, failure: { error } };
    }
  }

  async *batches(
    statement: Statement,
    { call, rowsOnly, batchSize }: RunOptions & { readonly batchSize: number },
  ): AsyncGenerator<Pick<SqlResult, "rows" | "columns">, void, undefined> {
    const { backend } = this.#settings;
    const request = this.#requestOf(statement, { rowsOnly });
    const reader = new RowReader(await this.#inTurn(() => backend.open(request, call), call));
    const { columns } = reader;
    let isOver = false;
    try {
      while (!isOver) {
        call?.throwIfCancelled();
        const rows = await backend.fetch(batchSize, call);
        isOver = rows.length < batchSize;
        yield { rows: rows.map((row) => reader.read(row)), columns };
      }
    } finally {
      if (!isOver && !this.isBroken) await backend.endFetch();
    }
  }

  /** What it runs on, for what is no statement. */
  get backend(): Backend {
    return this.#settings.backend;
  }

  async tidy(): Promise<void> {
    if (this.isBroken) return;
    if (this.transaction !== "none") await this.run({ sql: "ROLLBACK", values: [] }).catch(() => this.destroy());
    if (this.#isChanged && !this.#settings.isMemory) this.destroy();
    this.#isChanged = false;
  }

  async probe(): Promise<boolean> {
    return !this.isBroken;
  }

  destroy(): void {
    void this.close();
  }

  /** Never rejects. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#settings.backend.close().catch(() => {});
    this.#settings.turns.next();
  }

  async #inTurn<T>(work: () => Promise<T>, call: Call | undefined): Promise<T> {
    const { turns, backend } = this.#settings;
    try {
      return await turns.untilFree(work, isBusy, call);
    } catch (error) {
      this.#hasFailed = backend.inTransaction;
      throw error;
    } finally {
      if (!backend.inTransaction) turns.next();
    }
  }

  /** Of a transaction that failed nothing is kept, and nothing but its end is run. */
  #asked(statement: Statement): Statement {
    if (this.transaction === "failed") {
      if (statement.sql === "COMMIT") return ROLLBACK;
      if (!/^\s*ROLLBACK\b/i.test(statement.sql)) throw refusedAfterFailure();
    }
    return statement;
  }

  /** As far as the values can be sent. */
  #requestsOf(statements: readonly Statement[]): { requests: EngineRequest[]; refused?: { readonly error: unknown } } {
    const requests: EngineRequest[] = [];
    try {
      for (const statement of statements) requests.push(this.#requestOf(statement));
      return { requests };
    } catch (error) {
      return { requests, refused: { error } };
    }
  }

  #requestOf({ sql, values }: Statement, bounds: Omit<RunOptions, "call"> = {}): EngineRequest {
    this.#isChanged ||= CHANGES_SESSION.test(sql);
    return { sql, values: encodeParameters(values), ...bounds };
  }

  #resultOf(statement: Statement, { columns, rows, count }: EngineAnswer): SqlResult {
    const { sql } = statement;
    if (sql.startsWith("ROLLBACK")) this.#hasFailed = false;
    const command = sql === "COMMIT" || sql === "ROLLBACK" ? sql : "";
    if (columns.length === 0) return { rows: [], columns: [], count, command };
    const reader = this.#readerOf(columns, (statement as Partial<JsonStatement>).jsonColumns);
    return { rows: rows.map((row) => reader.read(row)), columns: reader.columns, count, command };
  }

  #readerOf(declared: readonly DeclaredColumn[], jsonColumns?: readonly string[]): RowReader {
    if (jsonColumns !== undefined) return new RowReader(declared, jsonColumns);
    if (this.#declared !== declared) {
      this.#declared = declared;
      this.#reader = new RowReader(declared);
    }
    return this.#reader;
  }
}

const ROLLBACK: Statement = { sql: "ROLLBACK", values: [] };

function refusedAfterFailure(): ConnectorError {
  const message = "An earlier statement of the transaction failed, so the rest is not run";
  return new ConnectorError("conflict", message, {
    outcome: "none",
    hint: "Use a transaction inside the transaction around what may fail.",
  });
}
