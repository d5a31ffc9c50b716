/**
 * From SQLite's result codes to kinds. Its texts name tables, columns and constraints, but some quote the statement, in
 * which values can stand; those are replaced by sentences of our own, with the text in the error's `cause`.
 */
import type { Classification } from "../../core/classify.ts";
import type { Kind, Outcome } from "../../core/errors.ts";

interface Facts {
  readonly kind: Kind;
  readonly outcome?: Outcome;
  /** Said instead of SQLite's text. */
  readonly message?: string;
  readonly hint?: string;
}

const contention: Facts = {
  kind: "contention",
  outcome: "none",
  message: "Another connection is writing to the database",
  hint: "Keep transactions short, or raise `busyTimeout`.",
};
const conflict = { kind: "conflict", outcome: "none" } as const;
const invalid = { kind: "input_invalid", outcome: "none" } as const;
const full = { kind: "unavailable", outcome: "none" } as const;

/** By extended result code, else by the code of its class. */
const CODES: Readonly<Record<string, Facts>> = {
  SQLITE_PERM: { kind: "permission_denied", outcome: "none" },
  SQLITE_ABORT: { ...conflict, message: "The statement was ended by a rollback" },
  SQLITE_BUSY: contention,
  SQLITE_LOCKED: contention,
  SQLITE_NOMEM: { ...full, message: "SQLite is out of memory" },
  SQLITE_READONLY: {
    kind: "permission_denied",
    outcome: "none",
    message: "The database may only be read here",
    hint: "Is the connector `access: read-only`, or the file, or its folder, not writable?",
  },
  SQLITE_INTERRUPT: { kind: "cancelled", outcome: "none" },
  SQLITE_IOERR: { kind: "unavailable", message: "The file of the database cannot be read or written" },
  SQLITE_CORRUPT: {
    kind: "internal",
    message: "The file of the database is damaged",
    hint: "Restore a backup, or save what is readable with `sqlite3 FILE .recover`.",
  },
  SQLITE_FULL: { ...full, message: "The disk, or the database, is full" },
  SQLITE_CANTOPEN: {
    kind: "not_found",
    outcome: "none",
    message: "The file of the database cannot be opened",
    hint: "Is the path right, does its folder exist, and may this process write there?",
  },
  SQLITE_PROTOCOL: contention,
  SQLITE_SCHEMA: { ...contention, message: "The schema changed while the statement was prepared" },
  SQLITE_TOOBIG: { kind: "too_large", outcome: "none", message: "A text, a blob or a row is larger than SQLite takes" },
  SQLITE_CONSTRAINT: conflict,
  SQLITE_CONSTRAINT_CHECK: { ...invalid, message: "A value does not fit a check of the database" },
  SQLITE_CONSTRAINT_NOTNULL: invalid,
  SQLITE_CONSTRAINT_DATATYPE: { ...invalid, message: "A value does not fit its type" },
  SQLITE_CONSTRAINT_FUNCTION: { ...conflict, message: "A function refused the statement" },
  SQLITE_CONSTRAINT_TRIGGER: {
    ...conflict,
    message: "A trigger refused the statement",
    hint: "Its text is in the error's `cause`.",
  },
  SQLITE_MISMATCH: { ...invalid, message: "A value does not fit its type" },
  SQLITE_AUTH: { kind: "permission_denied", outcome: "none" },
  SQLITE_RANGE: { ...invalid, message: "The statement has another number of parameters" },
  SQLITE_NOTADB: {
    kind: "config_invalid",
    outcome: "none",
    message: "The file is not a SQLite database",
    hint: "Is the path right, or is the database encrypted?",
  },
};

/** What the one code for all mistakes in statements stands for; its texts name what they mean first. */
const TEXTS: readonly (readonly [RegExp, Facts])[] = [
  [
    /^no such (table|column|index|trigger|view|collation sequence|module|savepoint|database)\b/,
    { kind: "not_found", outcome: "none" },
  ],
  [/^no such function\b/, { kind: "not_found", outcome: "none" }],
  [/^(table|view|index|trigger|there is already .*) .* ?already exists$/, conflict],
  [/^unknown database\b/, { kind: "not_found", outcome: "none" }],
  [/^table .* has no column named\b/, { kind: "not_found", outcome: "none" }],
  [/syntax error$|^unrecognized token|^incomplete input$/, { ...invalid, message: "The statement has a syntax error" }],
  [/^ON CONFLICT clause does not match/, invalid],
  [/^integer overflow$/, { ...invalid, message: "A number is out of range" }],
  [/^malformed JSON/, { ...invalid, message: "A text is not JSON" }],
  [
    /^cannot (start|commit|rollback|VACUUM|change)|^cannot .* within a transaction/,
    { kind: "unsupported", outcome: "none" },
  ],
  [/^too many (SQL variables|terms|columns|attached)/, { kind: "too_large", outcome: "none" }],
];

export function classify(error: unknown): Classification | undefined {
  if (!(error instanceof Error) || error.name !== "SqliteError") return undefined;
  const { code, message } = error as Error & { readonly code: string };
  const facts = factsOf(code, message);
  if (facts === undefined) return undefined;
  return { message: nameOf(message), ...facts, code };
}

function factsOf(code: string, text: string): Facts | undefined {
  if (code !== "SQLITE_ERROR") return CODES[code] ?? CODES[code.split("_", 2).join("_")];
  const known = TEXTS.find(([pattern]) => pattern.test(text))?.[1];
  // What is left are mistakes in a statement, of which some quote it.
  return (
    known ?? {
      ...invalid,
      message: "The statement cannot be run",
      hint: "SQLite's own text is in the error's `cause`.",
    }
  );
}

/** Names are told; what could be a value in quotes is not. */
function nameOf(text: string): string {
  return text.replace(/ - should this be a string literal in single-quotes\?$/, "");
}
