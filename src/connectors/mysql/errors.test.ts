import { describe, expect, test } from "vitest";
import { toConnectorError } from "../../core/classify.ts";
import { KINDS } from "../../core/errors.ts";
import { classify } from "./errors.ts";

/** An error as the driver makes it of what a server sent. */
const server = (errno: number, code: string, sqlState: string, message: string): Error =>
  Object.assign(new Error(message), { errno, code, sqlState, sqlMessage: message });

const told = (error: unknown) => {
  const { kind, message, outcome, code, hint } = toConnectorError(error, classify);
  return { kind, message, outcome, code, hint };
};

describe("errors of a server, as MariaDB 10.11 sent them", () => {
  test.each<[number, string, string, string, string, string?]>([
    [1040, "ER_CON_COUNT_ERROR", "08004", "Too many connections", "unavailable", "none"],
    [1044, "ER_DBACCESS_DENIED_ERROR", "42000", "Access denied for user 'a'@'b' to database 'c'", "permission_denied"],
    [
      1045,
      "ER_ACCESS_DENIED_ERROR",
      "28000",
      "Access denied for user 'a'@'b' (using password: YES)",
      "unauthenticated",
    ],
    [1049, "ER_BAD_DB_ERROR", "42000", "Unknown database 'nope'", "not_found"],
    [1050, "ER_TABLE_EXISTS_ERROR", "42S01", "Table 'users' already exists", "conflict"],
    [1054, "ER_BAD_FIELD_ERROR", "42S22", "Unknown column 'nope' in 'SELECT'", "not_found"],
    [
      1142,
      "ER_TABLEACCESS_DENIED_ERROR",
      "42000",
      "INSERT command denied to user 'a'@'b' for table `c`.`d`",
      "permission_denied",
    ],
    [1146, "ER_NO_SUCH_TABLE", "42S02", "Table 'test.nope' doesn't exist", "not_found"],
    [
      1203,
      "ER_TOO_MANY_USER_CONNECTIONS",
      "42000",
      "User a already has more than 'max_user_connections' active connections",
      "unavailable",
      "none",
    ],
    [
      1226,
      "ER_USER_LIMIT_REACHED",
      "42000",
      "User 'a' has exceeded the 'max_user_connections' resource (current value: 1)",
      "unavailable",
      "none",
    ],
    [
      1227,
      "ER_SPECIFIC_ACCESS_DENIED_ERROR",
      "42000",
      "Access denied; you need (at least one of) the SUPER privilege(s) for this operation",
      "permission_denied",
    ],
    [
      1295,
      "ER_UNSUPPORTED_PS",
      "HY000",
      "This command is not supported in the prepared statement protocol yet",
      "unsupported",
    ],
    [1305, "ER_SP_DOES_NOT_EXIST", "42000", "FUNCTION test.nope does not exist", "not_found"],
    [
      1792,
      "ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION",
      "25006",
      "Cannot execute statement in a READ ONLY transaction",
      "permission_denied",
      "none",
    ],
  ])("%i %s", (errno, code, sqlState, message, kind, outcome) => {
    expect(told(server(errno, code, sqlState, message))).toMatchObject({
      ...{ kind, message, code },
      ...(outcome === undefined ? {} : { outcome }),
    });
  });

  test.each<[number, string, string, string, string, string]>([
    [
      1062,
      "ER_DUP_ENTRY",
      "23000",
      "Duplicate entry 'canary' for key 'PRIMARY'",
      "conflict",
      "A row with this key is already there",
    ],
    [
      1064,
      "ER_PARSE_ERROR",
      "42000",
      "You have an error in your SQL syntax; … near 'canary' at line 1",
      "input_invalid",
      "The statement has a syntax error",
    ],
    [
      1205,
      "ER_LOCK_WAIT_TIMEOUT",
      "HY000",
      "Lock wait timeout exceeded; try restarting transaction",
      "contention",
      "Another transaction won",
    ],
    [
      1213,
      "ER_LOCK_DEADLOCK",
      "40001",
      "Deadlock found when trying to get lock; try restarting transaction",
      "contention",
      "Another transaction won",
    ],
    [
      1048,
      "ER_BAD_NULL_ERROR",
      "23000",
      "Column 'canary' cannot be null",
      "input_invalid",
      "A value is missing in a column that must not be null",
    ],
    [
      1264,
      "ER_WARN_DATA_OUT_OF_RANGE",
      "22003",
      "Out of range value for column 'canary' at row 1",
      "input_invalid",
      "A number is out of range",
    ],
    [
      1292,
      "ER_TRUNCATED_WRONG_VALUE",
      "22007",
      "Truncated incorrect DOUBLE value: 'canary'",
      "input_invalid",
      "A value does not fit its type",
    ],
    [
      1366,
      "ER_TRUNCATED_WRONG_VALUE_FOR_FIELD",
      "22007",
      "Incorrect integer value: 'canary' for column `a`",
      "input_invalid",
      "A value does not fit its type",
    ],
    [
      1406,
      "ER_DATA_TOO_LONG",
      "22001",
      "Data too long for column 'canary' at row 1",
      "input_invalid",
      "A text is longer than its column allows",
    ],
    [
      1452,
      "ER_NO_REFERENCED_ROW_2",
      "23000",
      "Cannot add or update a child row (canary)",
      "conflict",
      "A row refers to one that does not exist, or is still referred to",
    ],
    [1644, "ER_SIGNAL_EXCEPTION", "45000", "canary", "conflict", "Code in the database raised an exception"],
    [1317, "ER_QUERY_INTERRUPTED", "70100", "Query execution was interrupted", "cancelled", "The statement was ended"],
    [
      1053,
      "ER_SERVER_SHUTDOWN",
      "08S01",
      "Server shutdown in progress",
      "connection_lost",
      "The server ended the connection",
    ],
  ])("%i %s, without its text, which may carry values", (errno, code, sqlState, text, kind, message) => {
    expect(told(server(errno, code, sqlState, text))).toMatchObject({ kind, code, message });
  });

  test("a number that is not known means what its SQLSTATE means, without its text", () => {
    expect(told(server(9_999, "UNKNOWN_CODE_PLEASE_REPORT", "22012", "canary"))).toMatchObject({
      ...{ kind: "input_invalid", code: "9999", message: "Division by zero" },
    });
    expect(told(server(9_999, "UNKNOWN_CODE_PLEASE_REPORT", "HY000", "what"))).toMatchObject({ kind: "internal" });
  });

  test("of which MariaDB alone has the number", () => {
    expect(told(server(1969, "UNKNOWN_CODE_PLEASE_REPORT", "70100", "Query was interrupted"))).toMatchObject({
      ...{ kind: "timeout", code: "1969", outcome: "none" },
    });
    expect(told(server(4025, "UNKNOWN_CODE_PLEASE_REPORT", "23000", "CONSTRAINT `canary` failed"))).toMatchObject({
      ...{ kind: "input_invalid", message: "A value does not fit a check of the database" },
    });
  });
});

describe("errors of the driver", () => {
  test.each<[object, string, string | undefined]>([
    [
      { message: "Connection lost: The server closed the connection.", code: "PROTOCOL_CONNECTION_LOST" },
      "connection_lost",
      undefined,
    ],
    [{ message: "Connection was killed", code: 1927, fatal: true }, "connection_lost", undefined],
    [{ message: "Can't add new command when connection is in closed state", fatal: true }, "connection_lost", "none"],
    [{ message: "write EPIPE", code: "EPIPE", syscall: "write" }, "connection_lost", "none"],
    [
      { message: "Server does not support secure connection", code: "HANDSHAKE_NO_SSL_SUPPORT" },
      "config_invalid",
      "none",
    ],
  ])("%o", ({ ...fields }, kind, outcome) => {
    const { message, ...rest } = fields as { readonly message: string };
    const found = told(Object.assign(new Error(message), rest));
    expect(found.kind).toBe(kind);
    if (outcome !== undefined) expect(found.outcome).toBe(outcome);
  });

  test("what is not an error of server or driver is left to others", () => {
    for (const other of [new Error("x"), "text", null, new TypeError("y")]) expect(classify(other)).toBeUndefined();
  });
});

test("whatever is said is a kind that exists", () => {
  for (let errno = 1_000; errno < 4_200; errno++) {
    const found = classify(server(errno, "ER_X", "HY000", "text"));
    if (typeof found === "object") expect(KINDS).toHaveProperty(found.kind);
  }
});
