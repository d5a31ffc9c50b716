/** What SQLite refused, whichever driver told it: the extended result code by name, and SQLite's own text. */

/** Result codes by number (https://www.sqlite.org/rescode.html), for drivers that tell no names. */
const NAMES: Readonly<Record<number, string>> = {
  1: "SQLITE_ERROR",
  2: "SQLITE_INTERNAL",
  3: "SQLITE_PERM",
  4: "SQLITE_ABORT",
  5: "SQLITE_BUSY",
  6: "SQLITE_LOCKED",
  7: "SQLITE_NOMEM",
  8: "SQLITE_READONLY",
  9: "SQLITE_INTERRUPT",
  10: "SQLITE_IOERR",
  11: "SQLITE_CORRUPT",
  12: "SQLITE_NOTFOUND",
  13: "SQLITE_FULL",
  14: "SQLITE_CANTOPEN",
  15: "SQLITE_PROTOCOL",
  17: "SQLITE_SCHEMA",
  18: "SQLITE_TOOBIG",
  19: "SQLITE_CONSTRAINT",
  20: "SQLITE_MISMATCH",
  21: "SQLITE_MISUSE",
  22: "SQLITE_NOLFS",
  23: "SQLITE_AUTH",
  25: "SQLITE_RANGE",
  26: "SQLITE_NOTADB",
  261: "SQLITE_BUSY_RECOVERY",
  275: "SQLITE_CONSTRAINT_CHECK",
  517: "SQLITE_BUSY_SNAPSHOT",
  531: "SQLITE_CONSTRAINT_COMMITHOOK",
  773: "SQLITE_BUSY_TIMEOUT",
  787: "SQLITE_CONSTRAINT_FOREIGNKEY",
  1043: "SQLITE_CONSTRAINT_FUNCTION",
  1299: "SQLITE_CONSTRAINT_NOTNULL",
  1555: "SQLITE_CONSTRAINT_PRIMARYKEY",
  1811: "SQLITE_CONSTRAINT_TRIGGER",
  2067: "SQLITE_CONSTRAINT_UNIQUE",
  2323: "SQLITE_CONSTRAINT_VTAB",
  2579: "SQLITE_CONSTRAINT_ROWID",
  2835: "SQLITE_CONSTRAINT_PINNED",
  3091: "SQLITE_CONSTRAINT_DATATYPE",
};

/** An error of SQLite itself. */
export class SqliteError extends Error {
  /** `SQLITE_CONSTRAINT_UNIQUE`. */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.name = "SqliteError";
    this.code = code;
  }
}

/** The name of a result code; that of its class where the extended one is not known. */
export function codeName(code: number): string {
  return NAMES[code] ?? NAMES[code & 0xff] ?? `SQLITE_${code}`;
}

/** Runs `work`; what it throws comes out as `SqliteError`, where `read` finds SQLite's code in it. */
export function guarded<T>(work: () => T, read: (error: Error) => string | undefined): T {
  try {
    return work();
  } catch (error) {
    const code = error instanceof Error ? read(error) : undefined;
    if (code === undefined) throw error;
    throw new SqliteError((error as Error).message, code);
  }
}

/** A snapshot that is too old stays so: the transaction has to begin again. */
export function isBusy(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === "SQLITE_BUSY" || code === "SQLITE_BUSY_RECOVERY" || code === "SQLITE_BUSY_TIMEOUT";
}
