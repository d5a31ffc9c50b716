/** What is used of a SQLite driver; all of them are synchronous. */

/** How a database file is opened. */
export interface OpenOptions {
  /** A path, or `:memory:`. */
  readonly file: string;
  /** The file is opened so that nothing can be written. */
  readonly isReadOnly: boolean;
  /** Whether a file that is not there is made. */
  readonly create: boolean;
}

/** One column of an answer; `type` as it was declared, null for an expression. */
export interface DeclaredColumn {
  readonly name: string;
  readonly type: string | null;
}

/** Values as SQLite has them; integers come out as `bigint`. */
export type SqliteValue = string | number | bigint | Uint8Array | null;

/** Rows as they are asked for. */
export interface Cursor {
  next(): readonly SqliteValue[] | undefined;
  /** Ends it early. Of a statement that writes only inside a transaction, which is to be rolled back. */
  end(): void;
}

/** One statement, kept to be run again. */
export interface Prepared {
  /** Whether it answers with rows. */
  readonly isReader: boolean;
  columns(): readonly DeclaredColumn[];
  all(values: readonly SqliteValue[]): readonly (readonly SqliteValue[])[];
  open(values: readonly SqliteValue[]): Cursor;
  /** Runs one that answers with no rows; how many it changed, which says nothing where it is no INSERT, UPDATE or DELETE. */
  run(values: readonly SqliteValue[]): number;
}

/** One open database. Whatever it throws is a `SqliteError`. */
export interface Database {
  readonly inTransaction: boolean;
  prepare(sql: string): Prepared;
  close(): void;
}

/** A driver that has been loaded. */
export interface Driver {
  readonly name: "node" | "better-sqlite3" | "libsql";
  /** A statement that found the database busy is not reset, and its connection sees an old state for ever after. */
  readonly keepsBusyStatements?: true;
  open(options: OpenOptions): Database;
}

/** The names by which a user picks one. */
export type DriverChoice = Driver["name"] | "auto";
