/** better-sqlite3, for those who have it. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { ConnectorError } from "../../../core/errors.ts";
import { loadDriver } from "../../../core/driver.ts";
import type { Database, DeclaredColumn, Driver, Prepared, SqliteValue } from "./port.ts";
import { guarded, SqliteError } from "./sqlite-error.ts";

interface Statement {
  readonly reader: boolean;
  raw(): this;
  columns(): readonly DeclaredColumn[];
  all(...values: SqliteValue[]): SqliteValue[][];
  iterate(...values: SqliteValue[]): Iterator<SqliteValue[], undefined>;
  run(...values: SqliteValue[]): { readonly changes: number };
}

interface Connection {
  readonly inTransaction: boolean;
  defaultSafeIntegers(on: boolean): void;
  prepare(sql: string): Statement;
  close(): void;
}

interface Options {
  readonly readonly: boolean;
  readonly fileMustExist: boolean;
  readonly timeout: number;
}

/** From this version on its binary ends the process on a Node with an older Node-API than this. */
const NEEDS_NODE_API = { version: 13, api: 10 };

/** Loads it; throws `config_invalid` where it is not installed, or would crash. */
export async function loadBetterSqlite3(): Promise<Driver> {
  const loaded: unknown = await loadDriver("better-sqlite3", () => {
    refuseCrash();
    // @ts-expect-error It is not installed here, as it compiles where it has no binary.
    return import("better-sqlite3");
  });
  const { default: Connection } = loaded as { readonly default: new (file: string, options: Options) => Connection };
  return {
    name: "better-sqlite3",
    open({ file, isReadOnly, create }): Database {
      if (isReadOnly && file !== ":memory:" && !existsSync(file))
        throw new SqliteError("unable to open database file", "SQLITE_CANTOPEN");
      const options = { readonly: isReadOnly, fileMustExist: !create && file !== ":memory:", timeout: 0 };
      const connection = guarded(() => new Connection(file, options), codeOf);
      connection.defaultSafeIntegers(true);
      return {
        get inTransaction() {
          return connection.inTransaction;
        },
        prepare: (sql) => guarded(() => prepared(connection.prepare(sql)), codeOf),
        close: () => connection.close(),
      };
    },
  };
}

function refuseCrash(): void {
  const { version } = createRequire(import.meta.url)("better-sqlite3/package.json") as { readonly version: string };
  if (Number.parseInt(version) < NEEDS_NODE_API.version || Number(process.versions.napi) >= NEEDS_NODE_API.api) return;
  throw new ConnectorError("config_invalid", `better-sqlite3 ${version} crashes on Node ${process.versions.node}`, {
    outcome: "none",
    hint: "npm i better-sqlite3@12, or npm i libsql",
  });
}

function prepared(statement: Statement): Prepared {
  const isReader = statement.reader;
  if (isReader) statement.raw();
  return {
    isReader,
    columns: () => statement.columns(),
    all: (values) => guarded(() => statement.all(...values), codeOf),
    run: (values) => guarded(() => statement.run(...values).changes, codeOf),
    open(values) {
      const rows = guarded(() => statement.iterate(...values), codeOf);
      return {
        next() {
          const { done, value } = guarded(() => rows.next(), codeOf);
          // At the end it is null, whatever the language says.
          return done === true ? undefined : value;
        },
        end() {
          rows.return?.();
        },
      };
    },
  };
}

function codeOf(error: Error): string | undefined {
  const { code } = error as { readonly code?: unknown };
  if (typeof code === "string" && code.startsWith("SQLITE_")) return code;
  return /directory does not exist$/.test(error.message) ? "SQLITE_CANTOPEN" : undefined;
}
