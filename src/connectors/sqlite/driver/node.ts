/** SQLite as Node itself has it, from 22.16 on. */
import { addressOf } from "./address.ts";
import type { Database, DeclaredColumn, Driver, Prepared, SqliteValue } from "./port.ts";
import { codeName, guarded } from "./sqlite-error.ts";

interface Statement {
  columns(): readonly DeclaredColumn[];
  setReadBigInts(on: boolean): void;
  setReturnArrays(on: boolean): void;
  all(...values: SqliteValue[]): SqliteValue[][];
  iterate(...values: SqliteValue[]): Iterator<SqliteValue[], undefined>;
  run(...values: SqliteValue[]): { readonly changes: number | bigint };
}

interface Connection {
  readonly isTransaction: boolean;
  prepare(sql: string): Statement;
  close(): void;
}

interface Module {
  readonly DatabaseSync: new (
    file: string | URL,
    options: { readonly readOnly: boolean; readonly timeout: number },
  ) => Connection;
  readonly StatementSync: { readonly prototype: Partial<Statement> };
}

/** The driver; undefined where this Node has none, or one that cannot tell the columns of an answer. */
export function loadNodeSqlite(): Driver | undefined {
  const module = withoutWarning(() => process.getBuiltinModule?.("node:sqlite")) as Module | undefined;
  if (module?.StatementSync.prototype.columns === undefined) return undefined;
  const { DatabaseSync } = module;
  return {
    name: "node",
    open({ file, isReadOnly, create }): Database {
      const address = file === ":memory:" ? file : addressOf(file, { isReadOnly, create });
      const connection = guarded(() => new DatabaseSync(address, { readOnly: isReadOnly, timeout: 0 }), codeOf);
      return {
        get inTransaction() {
          return connection.isTransaction;
        },
        prepare: (sql) => guarded(() => prepared(connection.prepare(sql)), codeOf),
        close: () => connection.close(),
      };
    },
  };
}

function prepared(statement: Statement): Prepared {
  const isReader = statement.columns().length > 0;
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  return {
    isReader,
    columns: () => statement.columns(),
    all: (values) => guarded(() => statement.all(...bound(values)), codeOf),
    run: (values) => guarded(() => Number(statement.run(...bound(values)).changes), codeOf),
    open(values) {
      const rows = guarded(() => statement.iterate(...bound(values)), codeOf);
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

/** Node 22 stores empty bytes as NULL where nothing at all is behind them. */
const EMPTY = new Uint8Array(1).subarray(1);

function bound(values: readonly SqliteValue[]): readonly SqliteValue[] {
  const isEmpty = (value: SqliteValue): boolean => value instanceof Uint8Array && value.byteLength === 0;
  return values.some(isEmpty) ? values.map((value) => (isEmpty(value) ? EMPTY : value)) : values;
}

function codeOf(error: Error): string | undefined {
  const { errcode } = error as { readonly errcode?: unknown };
  return typeof errcode === "number" ? codeName(errcode) : undefined;
}

/** Node 22 warns whoever loads it; what a user could do about that is said in the docs, not at every start. */
function withoutWarning<T>(work: () => T): T {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => {};
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}
