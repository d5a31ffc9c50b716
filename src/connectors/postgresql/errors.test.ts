import pg from "pg";
import { describe, expect, test } from "vitest";
import { toConnectorError } from "../../core/classify.ts";
import { KINDS } from "../../core/errors.ts";
import { classify } from "./errors.ts";

/** An error as the driver makes it of what a server sent. */
function server(code: string, message: string, fields: Partial<pg.DatabaseError> = {}): Error {
  const made = new pg.DatabaseError(message, message.length, "error");
  return Object.assign(made, { severity: "ERROR", code, ...fields });
}

const told = (error: unknown) => {
  const { kind, message, outcome, code, hint } = toConnectorError(error, classify);
  return { kind, message, outcome, code, hint };
};

describe("errors of a server, as PostgreSQL 15 and 18 sent them", () => {
  test.each<[string, string, string, string?]>([
    ["28P01", 'password authentication failed for user "app"', "unauthenticated"],
    ["28000", 'no pg_hba.conf entry for host "10.0.0.1", user "app", database "app", no encryption', "unauthenticated"],
    ["3D000", 'database "nope" does not exist', "not_found"],
    ["3F000", 'schema "nope" does not exist', "not_found"],
    ["42P01", 'relation "nope" does not exist', "not_found"],
    ["42703", 'column "nope" does not exist', "not_found"],
    ["42883", "function nope(unknown) does not exist", "not_found"],
    ["42501", "permission denied for table users", "permission_denied"],
    ["25006", "cannot execute INSERT in a read-only transaction", "permission_denied"],
    ["42P07", 'relation "users" already exists', "conflict"],
    ["40001", "could not serialize access due to concurrent update", "contention"],
    ["40P01", "deadlock detected", "contention"],
    ["55P03", 'could not obtain lock on row in relation "users"', "contention"],
    ["0A000", "cannot use subquery in check constraint", "unsupported"],
    ["25001", "VACUUM cannot run inside a transaction block", "unsupported"],
    ["53300", "sorry, too many clients already", "unavailable", "none"],
    ["53200", "out of memory", "unavailable", "none"],
    ["57P03", "the database system is starting up", "unavailable", "none"],
    ["54001", "stack depth limit exceeded", "too_large", "none"],
    ["57014", "canceling statement due to user request", "cancelled", "none"],
    ["57014", "canceling statement due to statement timeout", "timeout", "none"],
    ["57014", "storniere Anfrage wegen Zeitüberschreitung der Anfrage", "timeout", "none"],
    ["57P01", "terminating connection due to administrator command", "connection_lost"],
    ["57P02", "terminating connection because of crash of another server process", "connection_lost"],
    ["57P05", "terminating connection due to idle-session timeout", "connection_lost"],
    ["25P03", "terminating connection due to idle-in-transaction timeout", "connection_lost"],
    ["08006", "server closed the connection", "connection_lost"],
    ["42804", 'column "a" is of type integer but expression is of type text', "input_invalid"],
  ])("%s %s", (code, message, kind, outcome) => {
    expect(told(server(code, message))).toMatchObject({ kind, message, code, outcome });
  });

  test.each([
    ["22P02", 'invalid input syntax for type integer: "canary"', "input_invalid", "A value does not fit its type"],
    [
      "22001",
      "value too long for type character varying(3)",
      "input_invalid",
      "A text is longer than its column allows",
    ],
    ["22012", "division by zero", "input_invalid", "Division by zero"],
    ["22007", 'invalid input syntax for type date: "canary"', "input_invalid", "A date or time is not valid"],
    ["42601", 'syntax error at or near "canary"', "input_invalid", "The statement has a syntax error"],
    ["XX000", "cache lookup failed for canary", "internal", "The server reports an internal error"],
    ["P0001", "canary", "conflict", "Code in the database raised an exception"],
    ["58030", 'could not write "canary"', "unavailable", "The server has trouble with a file or its system"],
  ])("%s does not repeat what may be a value", (code, text, kind, message) => {
    expect(told(server(code, text, { detail: "canary", hint: "canary" }))).toMatchObject({ kind, message, code });
    expect(JSON.stringify(told(server(code, text, { detail: "canary", hint: "canary" })))).not.toContain("canary");
  });

  test("name constraint, column and table where the server does", () => {
    const unique = server("23505", 'duplicate key value violates unique constraint "users_email_key"', {
      detail: "Key (email)=(canary) already exists.",
      schema: "public",
      table: "users",
      constraint: "users_email_key",
    });
    expect(told(unique)).toMatchObject({
      kind: "conflict",
      message: 'A row with this key is already there (constraint "users_email_key" of table "public.users")',
    });
    const missing = server("23502", "…", { schema: "public", table: "users", column: "name" });
    expect(told(missing)).toMatchObject({
      kind: "input_invalid",
      message: 'A value is missing in a column that must not be null (column "name" of table "public.users")',
    });
  });

  test("say where a statement does not parse", () => {
    expect(told(server("42601", 'syntax error at or near "x"', { position: "8" })).message).toBe(
      "The statement has a syntax error at character 8",
    );
    expect(told(server("42601", "…", { routine: "exec_parse_message" }))).toMatchObject({
      message: "Only one statement is run at a time",
      hint: "Use `transaction` for several.",
    });
  });

  test("pass on the server's hint where it is about names", () => {
    const error = server("42703", 'column "nme" does not exist', { hint: 'Perhaps you meant "users.name".' });
    expect(told(error).hint).toBe('Perhaps you meant "users.name".');
  });

  test("keep the driver's error as their cause", () => {
    const error = server("23505", "…", { detail: "Key (email)=(x) already exists." });
    expect(toConnectorError(error, classify).cause).toBe(error);
  });

  test("of an unknown class are internal", () => {
    expect(told(server("QQ000", "canary")).kind).toBe("internal");
  });
});

describe("errors that only the driver makes", () => {
  test.each([
    ["Connection terminated unexpectedly", "connection_lost", undefined],
    ["Connection terminated", "connection_lost", undefined],
    ["Client has encountered a connection error and is not queryable", "connection_lost", "none"],
    ["SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string", "unauthenticated", undefined],
    ["The server does not support SSL connections", "config_invalid", "none"],
  ])("%s", (message, kind, outcome) => {
    expect(told(new Error(message))).toMatchObject({ kind, outcome });
  });

  test("of Node are left to the table that all connectors share", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" });
    expect(classify(refused)).toBeUndefined();
    expect(told(refused)).toMatchObject({ kind: "unavailable", outcome: "none" });
    const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read" });
    expect(told(reset)).toMatchObject({ kind: "connection_lost", outcome: undefined });
    expect(classify("no error")).toBeUndefined();
    expect(classify(new Error("something else"))).toBeUndefined();
  });
});

test("a statement that could not be written had no effect: the server never got its Sync", () => {
  for (const code of ["ECONNRESET", "EPIPE"])
    expect(told(Object.assign(new Error(`write ${code}`), { code, syscall: "write" }))).toMatchObject({
      kind: "connection_lost",
      outcome: "none",
      code,
    });
});

test("every kind that a SQLSTATE can have is a kind", () => {
  for (let first = 0; first < 36; first++)
    for (let second = 0; second < 36; second++) {
      const found = classify(server(`${first.toString(36)}${second.toString(36)}000`.toUpperCase(), ""));
      if (typeof found === "object") expect(Object.keys(KINDS)).toContain(found.kind);
    }
});
