/**
 * One database connection, with the statements that it keeps prepared. Synchronous; it runs in the caller's thread or in
 * one of its own.
 */
import { ConnectorError } from "../../../core/errors.ts";
import { tooLarge } from "../../../contracts/sql/too-large.ts";
import type { Cursor, Database, DeclaredColumn, Driver, Prepared, SqliteValue } from "../driver/port.ts";
import { factsOf, type StatementFacts } from "../text/statement-facts.ts";
import { writeCopy, type CopyOrder } from "../backup/write-copy.ts";
import { isBusy } from "../driver/sqlite-error.ts";
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
  readonly #driver: Driver;
  #database: Database;
  readonly #options: EngineOptions;
  readonly #kept = new Map<string, Kept>();
  #cursor: Cursor | undefined;
  #isQueryOnly = false;
  /** Whether nobody waits for what is run any more; asked at each row. */
  isGivenUp = (): boolean => false;

  constructor(driver: Driver, options: EngineOptions) {
    this.#driver = driver;
    this.#options = options;
    this.#database = this.#opened();
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  run(request: EngineRequest): EngineAnswer {
    try {
      return this.#run(request);
    } catch (error) {
      if (this.#driver.keepsBusyStatements === true && isBusy(error) && !this.inTransaction) this.#reopen();
      throw error;
    }
  }

  #run(request: EngineRequest): EngineAnswer {
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
      if (this.isGivenUp()) throw givenUp();
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

  /** Writes the database to a file of its own; how many bytes it has. */
  copy(order: CopyOrder): number {
    return writeCopy(order, (path) => {
      this.#database.prepare("VACUUM INTO ?1").run([path]);
      if (this.isGivenUp()) throw givenUp();
    });
  }

  close(): void {
    this.#kept.clear();
    this.#cursor?.end();
    this.#database.close();
  }

  /** What writes and answers with too much is undone. */
  #bounded(kept: Kept, request: EngineRequest): Rows {
    if (!CHANGES_ROWS.has(kept.facts.command) || this.inTransaction) return this.#boundedRows(kept, request);
    this.#drain("BEGIN");
    try {
      const rows = this.#boundedRows(kept, request);
      this.#drain("COMMIT");
      return rows;
    } catch (error) {
      if (this.inTransaction) this.#drain("ROLLBACK");
      throw error;
    }
  }

  #boundedRows({ prepared }: Kept, { values, maxRows = Infinity, maxBytes = Infinity }: EngineRequest): Rows {
    const cursor = prepared.open(values);
    const rows: (readonly SqliteValue[])[] = [];
    let bytes = 0;
    for (let row = cursor.next(); row !== undefined; row = cursor.next()) {
      bytes += bytesOf(row);
      const isTooLarge = rows.length >= maxRows || bytes > maxBytes;
      if (isTooLarge || this.isGivenUp()) {
        cursor.end();
        if (!isTooLarge) throw givenUp();
        throw tooLarge(bytes > maxBytes ? `maxBytes (${maxBytes})` : `maxRows (${maxRows})`);
      }
      rows.push(row);
    }
    return rows;
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

  #opened(): Database {
    const database = this.#driver.open(this.#options);
    try {
      for (const sql of this.#options.pragmas) this.#drain(sql, database);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  #reopen(): void {
    const old = this.#database;
    this.#database = this.#opened();
    this.#kept.clear();
    this.#isQueryOnly = false;
    old.close();
  }

  #drain(sql: string, database = this.#database): void {
    const prepared = database.prepare(sql);
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

function givenUp(): ConnectorError {
  return new ConnectorError("cancelled", "The statement was given up", { outcome: "none" });
}

/** About what SQLite keeps them in. */
function bytesOf(row: readonly SqliteValue[]): number {
  let bytes = 0;
  for (const value of row)
    if (typeof value === "string") bytes += value.length;
    else bytes += value instanceof Uint8Array ? value.byteLength : 8;
  return bytes;
}
