/**
 * SQLSTATE → what it means: five characters that name an error whatever the language of the server (ISO/IEC 9075-2,
 * table 38; PostgreSQL's manual, appendix A, adds codes of its own in the same classes).
 *
 * The first two characters are the class. A code that is not listed means what its class means. `none` stands where the
 * kind alone leaves the effect open, but a database that answers so has undone the statement.
 */
import type { Kind, Outcome } from "../../core/errors.ts";

/** What an SQLSTATE tells. */
export interface SqlStateFacts {
  readonly kind: Kind;
  readonly outcome?: Outcome;
  /** What to say instead of the server's text, where that may carry values. */
  readonly sentence?: string;
  readonly hint?: string;
}

const NEEDED = "A value is missing in a column that must not be null";
const BAD_VALUE = "A value does not fit its type";
const BAD_TIME = "A date or time is not valid";
const unauthenticated = { kind: "unauthenticated", hint: "Check username and password." } as const;
const lost = { kind: "connection_lost" } as const;
const notFound = { kind: "not_found" } as const;
const conflict = { kind: "conflict" } as const;
const denied = { kind: "permission_denied" } as const;

const CLASSES: Readonly<Record<string, SqlStateFacts>> = {
  "02": { ...notFound, sentence: "No data" },
  "08": lost,
  "09": { ...conflict, sentence: "A trigger refused the statement" },
  "0A": { kind: "unsupported" },
  "0L": denied,
  "0P": denied,
  "20": { ...conflict, sentence: "No case of a CASE statement applies" },
  "21": { kind: "input_invalid", sentence: "A subquery or a row set has more rows or columns than allowed here" },
  "22": { kind: "input_invalid", sentence: BAD_VALUE },
  "23": { ...conflict, sentence: "A constraint of the database is violated" },
  "24": { ...conflict, sentence: "A cursor is not in the right state" },
  "25": conflict,
  "26": { kind: "internal", sentence: "A prepared statement is not there" },
  "27": { ...conflict, sentence: "A trigger changed the same row" },
  "28": unauthenticated,
  "2B": conflict,
  "2D": { kind: "unsupported", sentence: "A transaction cannot be ended here" },
  "2F": { kind: "input_invalid", sentence: "A routine of the database failed" },
  "34": { ...notFound, sentence: "The cursor does not exist" },
  "38": { ...conflict, sentence: "An external routine of the database failed" },
  "39": { ...conflict, sentence: "An external routine of the database failed" },
  "3B": { kind: "input_invalid", sentence: "A savepoint is not there" },
  "3D": notFound,
  "3F": notFound,
  "40": { kind: "contention" },
  "42": { kind: "input_invalid" },
  "44": { ...conflict, sentence: "A row does not fit the view's check option" },
  "53": { kind: "unavailable", outcome: "none" },
  "54": { kind: "too_large", outcome: "none" },
  "55": conflict,
  "57": { kind: "unavailable" },
  "58": { kind: "unavailable", sentence: "The server has trouble with a file or its system" },
  "72": { kind: "contention", sentence: "The snapshot is too old" },
  F0: { kind: "internal", sentence: "The server's configuration is wrong" },
  HV: { kind: "unavailable", sentence: "A foreign data wrapper failed" },
  P0: {
    ...conflict,
    sentence: "Code in the database raised an exception",
    hint: "Its text is in the error's `cause`.",
  },
  XX: { kind: "internal", sentence: "The server reports an internal error" },
};

const CODES: Readonly<Record<string, SqlStateFacts>> = {
  "08001": { kind: "unavailable", outcome: "none" },
  "08004": { kind: "unavailable", outcome: "none" },
  "08P01": { kind: "internal", sentence: "Server and driver do not understand each other" },
  "22001": { kind: "input_invalid", sentence: "A text is longer than its column allows" },
  "22003": { kind: "input_invalid", sentence: "A number is out of range" },
  "22007": { kind: "input_invalid", sentence: BAD_TIME },
  "22008": { kind: "input_invalid", sentence: BAD_TIME },
  "22012": { kind: "input_invalid", sentence: "Division by zero" },
  "22021": { kind: "input_invalid", sentence: "A text holds a character that the database cannot store" },
  "22P05": { kind: "input_invalid", sentence: "A text holds a character that the database cannot store" },
  "23502": { kind: "input_invalid", sentence: NEEDED },
  "23503": { ...conflict, sentence: "A row refers to one that does not exist, or is still referred to" },
  "23505": { ...conflict, sentence: "A row with this key is already there" },
  "23514": { kind: "input_invalid", sentence: "A value does not fit a check of the database" },
  "23P01": { ...conflict, sentence: "A row excludes another that is already there" },
  "25001": { kind: "unsupported" },
  "25006": { ...denied, hint: "Only reading is allowed here." },
  "25P02": {
    ...conflict,
    sentence: "An earlier statement of the transaction failed, so the rest is not run",
    hint: "Use a transaction inside the transaction around what may fail.",
  },
  "25P03": lost,
  "25P04": lost,
  "2F002": denied,
  "2F004": denied,
  "38002": denied,
  "38004": denied,
  "3D000": { ...notFound, hint: "Is the database's name right?" },
  "40002": { ...conflict, sentence: "A constraint of the database is violated" },
  "40003": lost,
  "42501": denied,
  "42601": { kind: "input_invalid", sentence: "The statement has a syntax error" },
  "42703": notFound,
  "42704": notFound,
  "42883": notFound,
  "42P01": { ...notFound, hint: "Does it stand in another schema, or under a name with capital letters?" },
  "42P03": conflict,
  "42P04": conflict,
  "42P05": conflict,
  "42P06": conflict,
  "42P07": conflict,
  "42701": conflict,
  "42710": conflict,
  "42712": { kind: "input_invalid" },
  "42723": conflict,
  "53300": { kind: "unavailable", outcome: "none", hint: "Lower `maxConnections`, or let the server take more." },
  "55P03": { kind: "contention" },
  "57014": { kind: "cancelled", outcome: "none" },
  "57P01": lost,
  "57P02": lost,
  "57P03": { kind: "unavailable", outcome: "none" },
  "57P04": lost,
  "57P05": lost,
  "58P01": { ...notFound, sentence: "A file of the server does not exist" },
  P0002: { ...notFound, sentence: "Code in the database found no row" },
};

/** What is known of an error with this SQLSTATE; `undefined` where even its class says nothing. */
export function sqlStateFacts(code: string): SqlStateFacts | undefined {
  return CODES[code] ?? CLASSES[code.slice(0, 2)];
}
