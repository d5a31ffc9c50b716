/**
 * One database connection, with the statements that it keeps prepared. Synchronous; it runs in the caller's thread or in
 * one of its own.
 */
import { ConnectorError } from "../../../core/errors.ts";
import { tooLarge } from "../../../contracts/sql/too-large.ts";
import type { Cursor, Database, DeclaredColumn, Driver, Prepared, SqliteValue } from "../driver/port.ts";
import { factsOf, type StatementFacts } from "../text/statement-facts.ts";
import { BEGIN_READ_ONLY, type EngineAnswer, type EngineOptions, type EngineRequest } from "./request.ts";

interface Kept {
  readonly prepared: Prepared;
  readonly facts: StatementFacts;
  columns: readonly DeclaredColumn[];
}

type Rows = readonly (readonly SqliteValue[])[];

const CHANGES_ROWS = new Set(["INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"]);
const NONE: readonly never[] = [];
const NOTHING: EngineAnswer = { columns: NONE, rows: NONE, count: 0 };
/** Longer texts are seldom run twice. */
const LONGEST_KEPT = 10_000;

export class Engine {
  readonly #database: Database;
  readonly #options: EngineOptions;
  readonly #kept = new Map<string, Kept>();
  #cursor: Cursor | undefined;
  #isQueryOnly = false;

  constructor(driver: Driver, options: EngineOptions) {
    this.#options = options;
    this.#database = driver.open(options);
    try {
      for (const sql of options.pragmas) this.#drain(sql);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  run(request: EngineRequest): EngineAnswer {
    const { sql, values } = request;
    if (sql === BEGIN_READ_ONLY) return this.#beginReadOnly();
    const kept = this.#prepare(sql);
    check(kept, request);
    const { prepared, facts } = kept;
    if (!prepared.isReader) {
      const changes = prepared.run(values);
      if (this.#isQueryOnly && sql === "ROLLBACK") this.#endReadOnly();
      return { ...NOTHING, count: CHANGES_ROWS.has(facts.command) ? changes : 0 };
    }
    const isBounded = request.maxRows !== undefined || request.maxBytes !== undefined;
    const rows = isBounded ? this.#bounded(kept, request) : prepared.all(values);
    // Only where its text names no columns can a statement that is prepared have others than before.
    if (facts.hasStar) kept.columns = prepared.columns();
    return { columns: kept.columns, rows, count: rows.length };
  }

  /** Begins to read a statement's rows; one without rows is run. */
  open(request: EngineRequest): readonly DeclaredColumn[] {
    // Not one that is kept: that could be run while this is read.
    const compiled = this.#compile(request.sql);
    check(compiled, request);
    const { prepared, columns } = compiled;
    if (prepared.isReader) this.#cursor = prepared.open(request.values);
    else prepared.run(request.values);
    return columns;
  }

  /** The next rows; fewer than asked for at the end. */
  fetch(most: number): Rows {
    const found: (readonly SqliteValue[])[] = [];
    while (found.length < most) {
      const row = this.#cursor?.next();
      if (row === undefined) {
        this.#cursor = undefined;
        break;
      }
      found.push(row);
    }
    return found;
  }

  /** Ends reading. */
  endFetch(): void {
    const cursor = this.#cursor;
    this.#cursor = undefined;
    cursor?.end();
  }

  close(): void {
    this.#kept.clear();
    this.#cursor?.end();
    this.#database.close();
  }

  /** What writes and answers with too much is undone. */
  #bounded({ prepared, facts }: Kept, request: EngineRequest): Rows {
    if (!CHANGES_ROWS.has(facts.command) || this.inTransaction)
      return boundedRows(prepared.open(request.values), request);
    this.#drain("BEGIN");
    try {
      const rows = boundedRows(prepared.open(request.values), request);
      this.#drain("COMMIT");
      return rows;
    } catch (error) {
      if (this.inTransaction) this.#drain("ROLLBACK");
      throw error;
    }
  }

  #beginReadOnly(): EngineAnswer {
    this.#isQueryOnly = true;
    this.#drain("PRAGMA query_only = ON");
    this.#drain("BEGIN");
    return NOTHING;
  }

  #endReadOnly(): void {
    this.#isQueryOnly = false;
    if (!this.#options.isReadOnly) this.#drain("PRAGMA query_only = OFF");
  }

  #drain(sql: string): void {
    const prepared = this.#database.prepare(sql);
    if (prepared.isReader) prepared.all(NONE);
    else prepared.run(NONE);
  }

  #prepare(sql: string): Kept {
    const { statementCache } = this.#options;
    const known = this.#kept.get(sql);
    if (known !== undefined) {
      // The order of use matters only where there are too many soon.
      if (this.#kept.size > statementCache / 2) {
        this.#kept.delete(sql);
        this.#kept.set(sql, known);
      }
      return known;
    }
    const compiled = this.#compile(sql);
    if (sql.length > LONGEST_KEPT) return compiled;
    this.#kept.set(sql, compiled);
    if (this.#kept.size > statementCache) this.#kept.delete(this.#kept.keys().next().value!);
    return compiled;
  }

  #compile(sql: string): Kept {
    const facts = factsOf(sql);
    const prepared = this.#database.prepare(sql);
    return { prepared, facts, columns: prepared.isReader ? prepared.columns() : NONE };
  }
}

function check({ prepared, facts }: Kept, { values, rowsOnly }: EngineRequest): void {
  if (facts.parameters !== values.length)
    throw new ConnectorError("input_invalid", "The statement has another number of parameters", { outcome: "none" });
  if (rowsOnly === true && !prepared.isReader)
    throw new ConnectorError("permission_denied", "Only statements that answer with rows are run here", {
      outcome: "none",
      hint: "Only reading is allowed here.",
    });
}

function boundedRows(cursor: Cursor, { maxRows = Infinity, maxBytes = Infinity }: EngineRequest): Rows {
  const rows: (readonly SqliteValue[])[] = [];
  let bytes = 0;
  for (let row = cursor.next(); row !== undefined; row = cursor.next()) {
    bytes += bytesOf(row);
    if (rows.length >= maxRows || bytes > maxBytes) {
      cursor.end();
      throw tooLarge(bytes > maxBytes ? `maxBytes (${maxBytes})` : `maxRows (${maxRows})`);
    }
    rows.push(row);
  }
  return rows;
}

/** About what SQLite keeps them in. */
function bytesOf(row: readonly SqliteValue[]): number {
  let bytes = 0;
  for (const value of row)
    if (typeof value === "string") bytes += value.length;
    else bytes += value instanceof Uint8Array ? value.byteLength : 8;
  return bytes;
}
