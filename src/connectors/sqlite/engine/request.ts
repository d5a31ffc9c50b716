/** What an engine is asked and answers: plain data, so that it can cross to another thread. */
import type { DeclaredColumn, SqliteValue } from "../driver/port.ts";

/** How each connection is opened. */
export interface EngineOptions {
  readonly file: string;
  readonly isReadOnly: boolean;
  readonly create: boolean;
  /** Statements that are run first; their answers are of no interest. */
  readonly pragmas: readonly string[];
  /** Most statements that are kept prepared. */
  readonly statementCache: number;
}

/** One statement. */
export interface EngineRequest {
  readonly sql: string;
  readonly values: readonly SqliteValue[];
  readonly rowsOnly?: boolean | undefined;
  readonly maxRows?: number | undefined;
  readonly maxBytes?: number | undefined;
}

/** What it came back with. */
export interface EngineAnswer {
  readonly columns: readonly DeclaredColumn[];
  readonly rows: readonly (readonly SqliteValue[])[];
  readonly count: number;
}

/** Begins a transaction in which nothing can be written; ROLLBACK ends both. */
export const BEGIN_READ_ONLY = "BEGIN /* read only */";
