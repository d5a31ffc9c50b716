/**
 * From the driver's errors to kinds: by the server's number where it spoke, else by the SQLSTATE, by the driver's own codes
 * where it did not.
 *
 * The server's messages are passed on only where they name things and no values; the driver's error, which tells
 * everything, is the `cause`.
 */
import type { Classification } from "../../core/classify.ts";
import type { Kind, Outcome } from "../../core/errors.ts";
import { sqlStateFacts } from "../../contracts/sql/sqlstate.ts";

interface ServerError extends Error {
  readonly code: string | number;
  readonly errno: number;
  readonly sqlState: string;
}

interface Facts {
  readonly kind: Kind;
  /** What to say instead of the server's text. */
  readonly sentence?: string;
  readonly hint?: string;
  readonly outcome?: Outcome;
}

const say = (kind: Kind, sentence: string, more?: Omit<Facts, "kind" | "sentence">): Facts => ({
  ...{ kind, sentence, ...more },
});
/** The server's text names things only. */
const pass = (kind: Kind, more?: Omit<Facts, "kind" | "sentence">): Facts => ({ kind, ...more });

const FULL = { outcome: "none", hint: "Lower `maxConnections`, or let the server take more." } as const;
const LOGIN = { outcome: "none", hint: "Check username and password." } as const;
const READ_ONLY = { outcome: "none", hint: "Only reading is allowed here." } as const;
const NEEDED = "A value is missing in a column that must not be null";
const BAD_VALUE = "A value does not fit its type";

const TABLE: readonly (readonly [readonly number[], Facts])[] = [
  [[1040, 1203, 1226], pass("unavailable", FULL)],
  [[1021, 1037, 1038, 1041, 1114, 1129, 1135], pass("unavailable", { outcome: "none" })],
  [[1045, 1130, 1251, 1524, 1698, 1820, 1862, 3118], pass("unauthenticated", LOGIN)],
  [[1044, 1142, 1143, 1227, 1290, 1370, 1419, 1410], pass("permission_denied", { outcome: "none" })],
  [[1792, 1836, 3572], pass("permission_denied", READ_ONLY)],
  [[1049], pass("not_found", { outcome: "none", hint: "Is the database's name right?" })],
  [[1051, 1054, 1072, 1091, 1109, 1128, 1146, 1176, 1305, 1360, 1193, 4091], pass("not_found", { outcome: "none" })],
  [[1007, 1050, 1086, 1060, 1061, 1304, 1359], pass("conflict", { outcome: "none" })],
  [[1022, 1062, 1169, 1586], say("conflict", "A row with this key is already there")],
  [
    [1216, 1217, 1451, 1452],
    say("conflict", "A row refers to one that does not exist, or is still referred to", { outcome: "none" }),
  ],
  [
    [1644],
    say("conflict", "Code in the database raised an exception", { hint: "Its text is in the error's `cause`." }),
  ],
  [[1048, 1263, 1364], say("input_invalid", NEEDED)],
  [[1264, 1690, 1416], say("input_invalid", "A number is out of range")],
  [[1406], say("input_invalid", "A text is longer than its column allows")],
  [[1265, 1292, 1366, 1411, 1525, 3140, 1918, 4038], say("input_invalid", BAD_VALUE)],
  [[1267, 1270, 1271], say("input_invalid", "A text has characters that the column it is compared with cannot have")],
  [[1365], say("input_invalid", "Division by zero")],
  [[3819, 4025], say("input_invalid", "A value does not fit a check of the database")],
  // An upsert makes it for itself (text/dialect.ts).
  [
    [1242],
    say("conflict", "A subquery has several rows, or a row of an upsert is there under another key than `conflict`", {
      outcome: "none",
    }),
  ],
  [[1241, 1136, 1222], say("input_invalid", "A subquery or a row set has more rows or columns than allowed here")],
  [
    [1064, 1065, 1149],
    say("input_invalid", "The statement has a syntax error", {
      hint: "One statement is run at a time: use `transaction` for several.",
    }),
  ],
  [[1210], say("input_invalid", "A parameter does not fit its place in the statement")],
  [[1059, 1166], say("input_invalid", "A name of a table or column is none that the server takes")],
  [[1103], say("not_found", "No table can have this name")],
  [[1052, 1055, 1056, 1066, 1110, 1140, 1170, 1071, 1101], pass("input_invalid", { outcome: "none" })],
  [[1118, 1153, 1301, 1390], pass("too_large", { outcome: "none" })],
  [[1295, 1235, 1568, 1399, 1148, 3948], pass("unsupported", { outcome: "none" })],
  [[1020, 1205, 1213, 1412, 1614, 3101], say("contention", "Another transaction won", { outcome: "none" })],
  [[1317], say("cancelled", "The statement was ended", { outcome: "none" })],
  [[1969, 3024], say("timeout", "The statement took longer than the server allows", { outcome: "none" })],
  [
    [1053, 1077, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 4031, 3169],
    say("connection_lost", "The server ended the connection"),
  ],
];

const SERVER = new Map(TABLE.flatMap(([numbers, facts]) => numbers.map((number) => [number, facts] as const)));

/** Codes that only the driver has. */
const DRIVER: Readonly<Record<string, Classification>> = {
  PROTOCOL_CONNECTION_LOST: "connection_lost",
  PROTOCOL_PACKETS_OUT_OF_ORDER: "connection_lost",
  PROTOCOL_UNEXPECTED_PACKET: "connection_lost",
  PROTOCOL_ERROR: "connection_lost",
  HANDSHAKE_NO_SSL_SUPPORT: {
    kind: "config_invalid",
    outcome: "none",
    hint: "Switch TLS on at the server, or say `ssl: disable`.",
  },
  AUTH_SWITCH_PLUGIN_ERROR: { kind: "unauthenticated", outcome: "none" },
};

export function classify(error: unknown): Classification | undefined {
  if (!(error instanceof Error)) return undefined;
  if (isServerError(error)) return ofServer(error);
  const { code, syscall } = error as NodeJS.ErrnoException;
  // The server carries nothing out before it has read the last byte.
  if (syscall === "write" && (code === "ECONNRESET" || code === "EPIPE"))
    return { kind: "connection_lost", outcome: "none", code };
  if (/closed state$/.test(error.message)) return { kind: "connection_lost", outcome: "none" };
  // One that came unasked, such as the last words of a server that shuts down, has its number as code.
  if (typeof code === "number") return SERVER.has(code) ? ofNumber(error, code) : "connection_lost";
  return code === undefined ? undefined : DRIVER[code];
}

function isServerError(error: Error): error is ServerError {
  const { errno, sqlState } = error as Partial<ServerError>;
  return typeof errno === "number" && typeof sqlState === "string";
}

function ofServer(error: ServerError): Classification | undefined {
  const facts = SERVER.get(error.errno);
  if (facts !== undefined) return ofNumber(error, error.errno);
  const code = String(error.errno);
  const known = sqlStateFacts(error.sqlState);
  if (known === undefined) return undefined;
  const { sentence = "The server refuses the statement", ...rest } = known;
  return { ...rest, code, message: sentence };
}

function ofNumber(error: Error, errno: number): Classification {
  const { sentence = error.message, ...rest } = SERVER.get(errno)!;
  const { code } = error as { readonly code?: unknown };
  const isNamed = typeof code === "string" && code.startsWith("ER_");
  return { ...rest, code: isNamed ? code : String(errno), message: sentence };
}
