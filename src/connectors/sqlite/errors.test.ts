import { describe, expect, test } from "vitest";
import { SqliteError } from "./driver/sqlite-error.ts";
import { classify } from "./errors.ts";

/** As the drivers gave them. */
const RECORDED: readonly (readonly [code: string, text: string, kind: string])[] = [
  ["SQLITE_CONSTRAINT_UNIQUE", "UNIQUE constraint failed: users.email", "conflict"],
  ["SQLITE_CONSTRAINT_PRIMARYKEY", "UNIQUE constraint failed: users.id", "conflict"],
  ["SQLITE_CONSTRAINT_FOREIGNKEY", "FOREIGN KEY constraint failed", "conflict"],
  ["SQLITE_CONSTRAINT_NOTNULL", "NOT NULL constraint failed: users.name", "input_invalid"],
  ["SQLITE_CONSTRAINT_CHECK", "CHECK constraint failed: age > 'canary'", "input_invalid"],
  ["SQLITE_CONSTRAINT_DATATYPE", "cannot store TEXT value in INTEGER column t.a", "input_invalid"],
  ["SQLITE_CONSTRAINT_TRIGGER", "canary", "conflict"],
  ["SQLITE_BUSY", "database is locked", "contention"],
  ["SQLITE_BUSY_SNAPSHOT", "database is locked", "contention"],
  ["SQLITE_LOCKED", "database table is locked", "contention"],
  ["SQLITE_READONLY", "attempt to write a readonly database", "permission_denied"],
  ["SQLITE_READONLY_DBMOVED", "attempt to write a readonly database", "permission_denied"],
  ["SQLITE_FULL", "database or disk is full", "unavailable"],
  ["SQLITE_IOERR_WRITE", "disk I/O error", "unavailable"],
  ["SQLITE_CORRUPT", "database disk image is malformed", "internal"],
  ["SQLITE_NOTADB", "file is not a database", "config_invalid"],
  ["SQLITE_CANTOPEN", "unable to open database file", "not_found"],
  ["SQLITE_TOOBIG", "string or blob too big", "too_large"],
  ["SQLITE_MISMATCH", "datatype mismatch", "input_invalid"],
  ["SQLITE_ERROR", "no such table: missing", "not_found"],
  ["SQLITE_ERROR", "no such column: canary - should this be a string literal in single-quotes?", "not_found"],
  ["SQLITE_ERROR", "table users already exists", "conflict"],
  ["SQLITE_ERROR", 'near "canary": syntax error', "input_invalid"],
  ["SQLITE_ERROR", 'unrecognized token: "canary"', "input_invalid"],
  ["SQLITE_ERROR", "integer overflow", "input_invalid"],
  ["SQLITE_ERROR", "malformed JSON", "input_invalid"],
  ["SQLITE_ERROR", "cannot VACUUM from within a transaction", "unsupported"],
  ["SQLITE_ERROR", "too many SQL variables", "too_large"],
  ["SQLITE_ERROR", "something nobody has seen about 'canary'", "input_invalid"],
];

const factsOf = (text: string, code: string): Partial<{ message: string; outcome: string }> =>
  classify(new SqliteError(text, code)) as object;

describe("errors of SQLite", () => {
  test.each(RECORDED)("%s, %s, is %s", (code, text, kind) => {
    expect(classify(new SqliteError(text, code))).toMatchObject({ kind, code });
  });

  test("quote no statement: what could be a value in it is not told", () => {
    const told = RECORDED.filter(([, text]) => /canary/.test(text) && !/column/.test(text));
    expect(told.length).toBeGreaterThan(3);
    for (const [code, text] of told) expect(factsOf(text, code).message).not.toMatch(/canary/);
  });

  test("had no effect, but for those of files, of which nobody knows", () => {
    const open = RECORDED.filter(([code, text]) => factsOf(text, code).outcome === undefined);
    expect(open.map(([code]) => code)).toEqual(["SQLITE_IOERR_WRITE", "SQLITE_CORRUPT"]);
  });

  test("of others are nobody's business here", () => {
    expect(classify(new Error("database is locked"))).toBeUndefined();
    expect(classify("SQLITE_BUSY")).toBeUndefined();
    expect(classify(new SqliteError("?", "SQLITE_NEVER_SEEN"))).toBeUndefined();
  });
});
