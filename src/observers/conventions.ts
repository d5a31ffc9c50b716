/**
 * What a try is called by the semantic conventions of OpenTelemetry, by the family of the system.
 *
 * Names of version 1.45: `db.*` and `http.*` are stable, `messaging.*` is not yet. What the conventions want to hear of a
 * call's contents (`db.query.text`, `url.full`) is left out: it carries values.
 */
import type { AttemptRecord } from "../core/attempt-record.ts";
import type { ConnectorType } from "../core/connector-type.ts";
import type { CallPlace, Server } from "../core/record.ts";

/** Names and values of a span or a measurement; a name without a value counts as left out. */
export type Attributes = Record<string, string | number | boolean | undefined>;

/** How the conventions see one family of systems. */
interface Convention {
  /** Name of the metric that measures tries. */
  readonly duration: string;
  /** What the try's span is called. */
  readonly spanName: (call: CallPlace) => string;
  /** What is known when the try begins. */
  readonly begun: (call: CallPlace) => Attributes;
  /** What is known when it is over. */
  readonly over: (attempt: AttemptRecord) => Attributes;
}

/** Where the conventions know a system by another name than its provider's. */
const SYSTEM_NAMES: Readonly<Record<string, string>> = {
  sqlserver: "microsoft.sql_server",
  mssql: "microsoft.sql_server",
  oracle: "oracle.db",
};

const METHODS = new Set(["get", "head", "post", "put", "patch", "delete", "options"]);

/** The operation's method; `request` takes it from its input, which is nobody's business here. */
function methodOf({ operation }: CallPlace): string | undefined {
  return METHODS.has(operation) ? operation.toUpperCase() : undefined;
}

const addressOf = (server: Server | undefined): Attributes => ({
  "server.address": server?.address,
  "server.port": server?.port,
});
const named = ({ connector, operation }: CallPlace): string => `${operation} ${connector}`;

const CONVENTIONS: Readonly<Partial<Record<ConnectorType, Convention>>> = {
  database: {
    duration: "db.client.operation.duration",
    spanName: named,
    begun: ({ provider, operation, server }) => ({
      "db.system.name": SYSTEM_NAMES[provider] ?? provider,
      "db.operation.name": operation,
      "db.namespace": server?.namespace,
      ...addressOf(server),
    }),
    over: ({ code, result }) =>
      result === "ok" ? {} : { "db.response.status_code": code, "error.type": code ?? result },
  },
  "rest-api": {
    duration: "http.client.request.duration",
    spanName: (call) => methodOf(call) ?? "HTTP",
    begun: (call) => ({ "http.request.method": methodOf(call) ?? "_OTHER", ...addressOf(call.server) }),
    over: ({ status, result }) => ({
      "http.response.status_code": status,
      "error.type": result === "ok" ? undefined : String(status ?? result),
    }),
  },
  "message-queue": {
    duration: "messaging.client.operation.duration",
    spanName: named,
    begun: (call) => ({
      "messaging.system": call.provider,
      "messaging.operation.name": call.operation,
      "messaging.operation.type": isSending(call) ? "send" : "receive",
      ...addressOf(call.server),
    }),
    over: ({ result }) => ({ "error.type": result === "ok" ? undefined : result }),
  },
};

const PLAIN: Convention = {
  duration: "busbar.attempt.duration",
  spanName: named,
  begun: ({ server }) => addressOf(server),
  over: ({ result }) => ({ "error.type": result === "ok" ? undefined : result }),
};

/** The names of the metrics that measure tries. */
export const TRY_DURATIONS: readonly string[] = [...Object.values(CONVENTIONS), PLAIN].map(({ duration }) => duration);

/** How the conventions see a call's system. */
export function conventionOf({ type }: CallPlace): Convention {
  return CONVENTIONS[type] ?? PLAIN;
}

/** Whether a call puts messages into a queue. */
export function isSending({ type, effect }: CallPlace): boolean {
  return type === "message-queue" && effect !== "read";
}
