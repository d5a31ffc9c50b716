/** What the contract needs of a driver: one connection that runs statements one after the other. */
import type { Call } from "../../core/call.ts";
import type { Column } from "../../core/record.ts";
import type { Statement } from "./compile.ts";
import type { Row } from "./operations.ts";

/** What one statement came back with. */
export interface SqlResult {
  readonly rows: readonly Row[];
  readonly columns: readonly Column[];
  /** Rows that were answered or changed. */
  readonly count: number;
  /** The first word of what the database says it has done: `SELECT`, `INSERT`, `COMMIT`. */
  readonly command: string;
}

/** How one statement is run. */
export interface RunOptions {
  /** Its cancellation reaches the database; without a call, the statement is busbar's own and has a limit of its own. */
  readonly call?: Call | undefined;
  /** Refuses, before it is run, a statement that the database describes as one that answers with no rows. */
  readonly rowsOnly?: boolean | undefined;
  /** Ends the statement as soon as it has more rows, and fails with `too_large`. */
  readonly maxRows?: number | undefined;
  /** The same for bytes, as the database sends them. */
  readonly maxBytes?: number | undefined;
}

/** What statements that were sent together came back with. */
export interface SqlResults {
  /** Of those that succeeded. */
  readonly results: readonly SqlResult[];
  /** What the next one failed of; those after it were not run. */
  readonly failure?: { readonly error: unknown };
}

/** What rows are loaded into. */
export interface LoadTarget {
  /** Quoted. */
  readonly table: string;
  /** Of every row, not quoted. */
  readonly columns: readonly string[];
  /** Inserts rows by statements, for those that the system's own way does not take; answers how many. */
  insert(this: void, rows: readonly Row[]): Promise<number>;
}

/** The system's own way for many rows, under way: all rows come in order, then `end` or `abandon`. */
export interface Loader {
  /** Takes a batch as soon as there is room for it; answers how many rows are in that `end` does not count. */
  add(this: void, rows: readonly Row[]): Promise<number>;
  /** Waits until the database has all of them; answers how many it counts. */
  end(this: void): Promise<number>;
  /** Gives up; the connection is free again afterwards. Never rejects. */
  abandon(this: void): Promise<void>;
}

/** A connection out of a pool. Errors are the driver's own, for `classify`. */
export interface SqlConnection {
  /** Runs exactly one statement; several in one text are refused by the database. */
  run(statement: Statement, options?: RunOptions): Promise<SqlResult>;
  /**
   * Refuses, without running it, a statement that the database describes as one that answers with no rows; where a READ ONLY
   * transaction alone lets a statement write that is only to be measured.
   */
  proveRead?(statement: Statement, options: Pick<RunOptions, "call">): Promise<void>;
  /**
   * Runs statements in order, inside a transaction, in one round trip where the database can; rejects where it is open how
   * far they came.
   */
  runAll(statements: readonly Statement[], options?: Pick<RunOptions, "call">): Promise<SqlResults>;
  /** The rows of a statement, `batchSize` at a time as they are asked for. Only inside a transaction. */
  batches(
    statement: Statement,
    options: RunOptions & { readonly batchSize: number },
  ): AsyncGenerator<Omit<SqlResult, "count" | "command">, void, undefined>;
  /** Begins to load many rows, inside a transaction; undefined where statements are the way for this table. */
  load?(target: LoadTarget, options: Pick<RunOptions, "call">): Promise<Loader | undefined>;
  /** Whether a transaction is open, as the database says, whoever opened it. */
  readonly transaction: "none" | "open" | "failed";
  readonly isBroken: boolean;
  /** Whether it is fit for the next caller: no cancel request is on its way, and no statement changed the session. */
  readonly isTidy: boolean;
  /** Makes it fit for the next caller, or breaks it. Ends by itself and never rejects. */
  tidy(): Promise<void>;
  /** Ends it at once; the database undoes what was open. */
  destroy(): void;
  /** Asks for a sign of life; false, and broken, if there is none soon. */
  probe(): Promise<boolean>;
}

/** A system's way to let several calls share a connection. */
export interface Sharing {
  /**
   * Runs one statement as a transaction of its own on a connection that others use as well, so that none of them notices;
   * undefined where it needs one for itself. `alone` runs it so.
   */
  run(
    statement: Statement,
    call: Call,
    bounds: Pick<RunOptions, "maxRows" | "maxBytes">,
    alone: () => Promise<SqlResult>,
  ): Promise<SqlResult> | undefined;
  /** What a statement took that ran by itself. */
  learn(sql: string, experience: { readonly tookMs: number; readonly command: string }): void;
}
