/**
 * From the driver's errors to kinds: SQLSTATE where the server spoke, the driver's own sentences where it did not.
 *
 * The server's messages are passed on only where they name things and no values. For the rest stand sentences of our own,
 * with the names of constraint, table and column; the driver's error, which tells everything, is the `cause`.
 */
import type { Classification } from "../../core/classify.ts";
import { sqlStateFacts } from "../../contracts/sql/sqlstate.ts";

/** Fields of the protocol's ErrorResponse, as `pg` names them. */
interface ServerError extends Error {
  readonly code: string;
  readonly position?: string;
  readonly hint?: string;
  readonly routine?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
}

/** Errors that only `pg` itself makes; it gives them no codes. */
const DRIVER: readonly (readonly [RegExp, Classification])[] = [
  [/^Connection terminated/, "connection_lost"],
  [/not queryable$/, { kind: "connection_lost", outcome: "none" }],
  [/^SASL/, { kind: "unauthenticated", hint: "Check the password." }],
  [
    /does not support SSL connections$/,
    { kind: "config_invalid", outcome: "none", hint: "Switch TLS on at the server, or say `ssl: disable`." },
  ],
  [/^There was an error establishing an SSL connection/, { kind: "unavailable", outcome: "none" }],
];

export function classify(error: unknown): Classification | undefined {
  if (!(error instanceof Error)) return undefined;
  if (isServerError(error)) return ofServer(error);
  // The last bytes of a statement are its Sync, without which the server keeps nothing of it.
  if (isOfWriting(error)) return { kind: "connection_lost", outcome: "none", code: error.code };
  // Node's other errors are known to everybody.
  if ("code" in error) return undefined;
  return DRIVER.find(([pattern]) => pattern.test(error.message))?.[1];
}

function isOfWriting(error: NodeJS.ErrnoException): error is NodeJS.ErrnoException & { readonly code: string } {
  return error.syscall === "write" && (error.code === "ECONNRESET" || error.code === "EPIPE");
}

function isServerError(error: Error): error is ServerError {
  const { code } = error as Partial<ServerError>;
  return "severity" in error && typeof code === "string" && code.length === 5;
}

function ofServer(error: ServerError): Classification | undefined {
  const { code, routine, message, hint } = error;
  const facts = sqlStateFacts(code);
  if (facts === undefined) return undefined;
  const { sentence, ...rest } = facts;
  if (code === "42601" && routine === "exec_parse_message")
    return { ...rest, code, message: "Only one statement is run at a time", hint: "Use `transaction` for several." };
  if (code === "08P01" && routine === "exec_bind_message")
    return { kind: "input_invalid", outcome: "none", code, message: "The statement has another number of parameters" };
  // Only a request to end it says so; all else that ends a statement from outside is a time-out.
  if (code === "57014" && !/user request/.test(message)) return { kind: "timeout", outcome: "none", code, message };
  if (sentence === undefined) return { hint: code.startsWith("42") ? hint : undefined, ...rest, code, message };
  return { ...rest, code, message: sentence + place(error) };
}

function place({ code, position, schema, table, column, constraint }: ServerError): string {
  if (code === "42601" && position !== undefined) return ` at character ${position}`;
  const parts = [
    constraint === undefined ? undefined : `constraint "${constraint}"`,
    column === undefined ? undefined : `column "${column}"`,
    table === undefined ? undefined : `table "${schema === undefined ? "" : `${schema}.`}${table}"`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "" : ` (${parts.join(" of ")})`;
}
