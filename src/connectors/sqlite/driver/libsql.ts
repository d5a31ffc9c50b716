/**
 * libsql's binding: binaries come inside its packages, for Node 20 as well.
 *
 * What it does otherwise than it says, and what is done about it here: it ignores `readonly` and `fileMustExist` (both are
 * said in a URI); a boolean ends the process (none gets here); rows are fetched a hundred ahead, and a cursor cannot be ended
 * but by `get`, which runs the statement again up to its first row; a text is cut at NUL when it is read; a single value
 * that is an object is taken for names, so values go in a list; an EXPLAIN that is read to its end goes on being read, so that
 * its connection sees an old state for ever and keeps the lock of what is explained (`get` ends it as well). And its
 * SQLite has functions that read and write any file of the machine, also where the database may only be read.
 */
import { loadDriver } from "../../../core/driver.ts";
import { ConnectorError } from "../../../core/errors.ts";
import { factsOf } from "../text/statement-facts.ts";
import { addressOf } from "./address.ts";
import type { Database, DeclaredColumn, Driver, Prepared, SqliteValue } from "./port.ts";
import { guarded } from "./sqlite-error.ts";

interface Statement {
  readonly reader: boolean;
  raw(): this;
  columns(): readonly DeclaredColumn[];
  all(values: readonly SqliteValue[]): SqliteValue[][];
  iterate(values: readonly SqliteValue[]): {
    next(): { readonly done?: boolean; readonly value: SqliteValue[] | undefined };
  };
  get(values: readonly SqliteValue[]): unknown;
  run(values: readonly SqliteValue[]): { readonly changes: number };
}

interface Connection {
  readonly inTransaction: boolean;
  defaultSafeIntegers(on: boolean): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** Loads it; throws `config_invalid` where it is not installed. */
export async function loadLibsql(): Promise<Driver> {
  const loaded: unknown = await loadDriver("libsql", () => import("libsql"));
  const { default: Connection } = loaded as { readonly default: new (file: string) => Connection };
  return {
    name: "libsql",
    keepsBusyStatements: true,
    open({ file, isReadOnly, create }): Database {
      const connection = guarded(
        () => new Connection(file === ":memory:" ? file : addressOf(file, { isReadOnly, create }).href),
        codeOf,
      );
      connection.defaultSafeIntegers(true);
      return {
        get inTransaction() {
          return connection.inTransaction;
        },
        prepare(sql) {
          if (REACHES_FILES.test(sql)) throw reachesFiles();
          return guarded(() => prepared(connection.prepare(sql), factsOf(sql).command === "EXPLAIN"), codeOf);
        },
        close: () => connection.close(),
      };
    },
  };
}

/**
 * They cannot be switched off. A name cannot be written otherwise than as it is, and SQLite itself refuses these in views
 * and triggers (`SQLITE_DIRECTONLY`), so what has none of these words calls none of them.
 */
const REACHES_FILES = /(?<![A-Za-z0-9_$])(readfile|writefile|fsdir|load_extension)(?![A-Za-z0-9_$])/i;

function reachesFiles(): ConnectorError {
  return new ConnectorError("permission_denied", "Functions of SQLite that reach files of the machine are not run", {
    outcome: "none",
    hint: "Where the word only stands in a text, give the text as a value.",
  });
}

function prepared(statement: Statement, isExplain: boolean): Prepared {
  const isReader = statement.reader;
  const end = (values: readonly SqliteValue[]): void => void guarded(() => statement.get(values), codeOf);
  if (isReader) statement.raw();
  return {
    isReader,
    columns: () => statement.columns(),
    all(values) {
      const rows = guarded(() => statement.all(values), codeOf);
      if (isExplain) end(values);
      return rows;
    },
    run: (values) => guarded(() => statement.run(values).changes, codeOf),
    open(values) {
      const rows = guarded(() => statement.iterate(values), codeOf);
      let isOver = false;
      return {
        next() {
          const { done, value } = guarded(() => rows.next(), codeOf);
          isOver = done === true;
          if (isOver && isExplain) end(values);
          return isOver ? undefined : value;
        },
        end() {
          if (!isOver) end(values);
        },
      };
    },
  };
}

function codeOf(error: Error): string | undefined {
  const { code } = error as { readonly code?: unknown };
  if (typeof code === "string" && code.startsWith("SQLITE_")) return code;
  return /^ConnectionFailed\(.*: 14\W*$/.test(error.message) ? "SQLITE_CANTOPEN" : undefined;
}
