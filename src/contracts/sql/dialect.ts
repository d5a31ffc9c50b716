/**
 * What differs between databases in the text of a statement, and nothing else.
 *
 * busbar compiles its few statements itself, with a dialect as the only thing that differs, rather than with a query
 * builder such as Kysely's: a database behind JDBC needs the same compiler with a dialect that is only known when it is
 * connected, the compiler stands on the path of every call, and half a dozen statements do not need 90 ms of import.
 */
import { ConnectorError } from "../../core/errors.ts";
import type { Isolation, Row } from "./operations.ts";
import type { PrivilegesDialect } from "./privileges.ts";
import type { Statement } from "./statement.ts";

/** How a transaction begins. */
export interface BeginOptions {
  readonly isolation?: Isolation | undefined;
  readonly readOnly?: boolean | undefined;
}

/** How a system writes what is no parameter. */
export interface Lexicon {
  /** What stands between two of these is text or a name; doubled inside, it stands for itself. */
  readonly quotes: readonly string[];
  /** Of those, the ones in which a backslash takes the next character's meaning away. */
  readonly backslashIn: readonly string[];
  /** Whether `E'…'` is text with backslashes, and `$tag$…$tag$` text without any. */
  readonly isPostgreSQL: boolean;
  /** Whether `[…]` is a name. */
  readonly hasBrackets: boolean;
  /** Whether `#` begins a comment, and `--` only before a space (MySQL). */
  readonly hasHashComments: boolean;
  /** Whether comments in comments are counted. */
  readonly nestsComments: boolean;
}

/** Statements that change rows. */
export type Changing = "insert" | "upsert" | "update" | "delete";

/** What differs between systems in the text of statements. */
export interface Dialect {
  /** Quotes one identifier so that it can be nothing but a name. Throws `input_invalid` where it cannot be one. */
  quote(this: void, name: string): string;
  /** The placeholder of the `n`th parameter, from 1. */
  placeholder(this: void, n: number): string;
  /** Most parameters of one statement. Default: the contract's. */
  readonly mostParameters?: number;
  /** How a text is read for `:name`. */
  readonly lexicon: Lexicon;
  /** The text that stands for one backslash, with which patterns take a character's meaning away. */
  readonly likeEscape: string;
  /** The statements that can answer with rows by a RETURNING clause. */
  readonly returning: ReadonlySet<Changing>;
  /** What stands in an INSERT for a row whose every column takes its default. Default: the standard's. */
  readonly defaultRow?: string;
  /** How a row is put in order by one column: NULL last where ascending, first where descending. */
  order(this: void, name: string, direction: "asc" | "desc"): string;
  /** The column as text from which the database reads the very same value again. */
  exactText(this: void, name: string): string;
  /**
   * Whether a column of this type, in the words of an answer's columns, is compared with such text as it is put in order.
   * Pages are not begun after a value of another. Default: all are.
   */
  canPageBy?(this: void, type: string): boolean;
  /** Whether the database counts each row of an upsert that it inserts or updates once, and others not. Default: yes. */
  readonly countsUpserts?: false;
  /** What follows an INSERT so that it updates the row that is there; nothing to set leaves it. All names are quoted. */
  onConflict(this: void, conflict: readonly string[], update: readonly string[]): string;
  /** A statement that answers with the plan of another, inside a READ ONLY transaction. */
  explain(this: void, sql: string, analyze: boolean): string;
  /** Whether that failed because the other one writes. Default: writes are planned. */
  isUnplanned?(this: void, error: unknown): boolean;
  /** The plan among the rows of that statement. */
  planOf(this: void, rows: readonly Row[]): unknown;
  /** A statement whose rows are tables as `describe` tells them; `table` is quoted. */
  describe(this: void, only: { readonly table?: string; readonly schema?: string | undefined }): Statement;
  /** How it tells what the role may do; without it, roles are unknown to the system. */
  readonly privileges?: PrivilegesDialect;
  /** The statements that open a transaction. */
  begin(this: void, options: BeginOptions): readonly string[];
  /** Statements that end a read-only transaction and leave nothing of what it did to the session. */
  readonly endReadOnly: readonly string[];
  readonly ledger: LedgerDialect;
}

/** What differs between systems in how they keep the ledger of idempotency keys (ledger.ts). */
export interface LedgerDialect {
  /** Lets one after the other make the table, until its transaction ends. */
  readonly lock: string;
  /**
   * Statements that make the table, with the columns `key` (the primary key, compared byte by byte; its name is quoted),
   * `operation`, `fingerprint`, `answer` and `created_at`, and an index on the last; harmless where it is there. Both
   * names are quoted.
   */
  create(this: void, table: string, index: string): readonly string[];
  /** What is put behind the INSERT, so that the server soon ends this transaction if its client is silent; or nothing. */
  readonly endIfIdle: string;
  /** Deletes at most `most` rows older than `keepMs`, and waits for nobody. */
  purge(this: void, table: string, what: { readonly keepMs: number; readonly most: number }): Statement;
  /** Whether an INSERT failed because the key is there. */
  isTaken(this: void, error: unknown): boolean;
  /** Whether a statement failed because there is no such table. */
  isMissing(this: void, error: unknown): boolean;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Quotes as the SQL standard does, in double quotes that double inside; for names of up to `mostBytes` in UTF-8. */
export function standardQuote(mostBytes: number): Dialect["quote"] {
  return (name) => {
    if (name === "") throw badName("A name of a table or column is empty");
    // Sent, it would become another name.
    if (LONE_SURROGATE.test(name)) throw badName("A name of a table or column is no well-formed text");
    if (name.includes("\0")) throw badName("A name of a table or column contains the character NUL");
    // Databases cut longer names, and the rest may be another table's name.
    if (name.length > mostBytes / 4 && new TextEncoder().encode(name).length > mostBytes)
      throw badName(`A name of a table or column is longer than ${mostBytes} bytes`);
    return `"${name.replaceAll('"', '""')}"`;
  };
}

/** A table as users write it: text is split at dots, a list is taken as it is. */
export function quoteTable(table: string | readonly string[], { quote }: Pick<Dialect, "quote">): string {
  const parts = typeof table === "string" ? table.split(".") : table;
  if (parts.length > 3)
    throw new ConnectorError("input_invalid", "A table has at most three names: catalog, schema and table", {
      outcome: "none",
      hint: "Write a name that holds a dot in a list: [schema, name].",
    });
  return parts.map(quote).join(".");
}

function badName(message: string): ConnectorError {
  return new ConnectorError("input_invalid", message, { outcome: "none" });
}
