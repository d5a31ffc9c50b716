/**
 * What happened, as lines of a structured log.
 *
 * Normal operation is silent: a line is written when a connector changes its state, a call fails, or a call was slow. How
 * severe a failure is depends on who has to act: the operator (`error`, `warn`) or the caller, who has been told (`info`).
 * Lines carry names, kinds and numbers; never inputs, answers or credentials. The failure's message is the one that the
 * caller got, which is free of them.
 */
import type { ConnectorError, Kind } from "../core/errors.ts";
import type { ConditionEvent, NoticeEvent, StateEvent, UnclassifiedEvent } from "../core/events.ts";
import type { CallRecord } from "../core/record.ts";
import { subscribeTo } from "./subscribe.ts";

type Write = (fields: Record<string, unknown>, message: string) => void;

/** A logger as pino and those after it have it: fields first, then the message. */
export interface PinoLike {
  error: Write;
  warn: Write;
  info: Write;
  debug: Write;
}

/** How severe a line is, the most severe first. */
const LEVELS = ["error", "warn", "info", "debug"] as const;
/** How severe a line is. */
export type LogLevel = (typeof LEVELS)[number];

/** Which lines are written. */
export interface LogOptions {
  /** A call that took so many milliseconds or more is told as slow; Infinity for none. Default: 1,000. Not for streams, whose readers set the pace. */
  readonly slowMs?: number | undefined;
  /** Lines less severe are not made. `debug` tells every call. Default: `info`. */
  readonly level?: LogLevel | undefined;
}

const SLOW_MS = 1_000;

/** What the operator has to mend, and what may mend itself; everything else is the caller's own affair. */
const SEVERITY: Partial<Record<Kind, LogLevel>> = {
  internal: "error",
  config_invalid: "error",
  unauthenticated: "error",
  permission_denied: "warn",
  rate_limited: "warn",
  unavailable: "warn",
  connection_lost: "warn",
  timeout: "warn",
  circuit_open: "warn",
  too_large: "warn",
};

/**
 * Writes one line for each change of state, failure and slow call, until it is disposed of. What the logger throws
 * surfaces as an uncaught exception, as from any subscriber of `node:diagnostics_channel`.
 */
export function logTo(logger: PinoLike, { slowMs = SLOW_MS, level = "info" }: LogOptions = {}): Disposable {
  const most = LEVELS.indexOf(level);
  const isWritten = (line: LogLevel): boolean => LEVELS.indexOf(line) <= most;
  const write = (line: LogLevel, fields: Record<string, unknown>, message: string): void => {
    if (isWritten(line)) logger[line](withoutNothing(fields), message);
  };
  const call = (record: CallRecord): void => {
    if (record.error !== undefined || record.result !== "ok")
      write(severityOf(record), { ...factsOf(record), ...failureOf(record.error) }, "call failed");
    else if (record.durationMs >= slowMs && record.stage !== "reading")
      write("warn", { ...factsOf(record), waits: wholeMs(record.waits) }, "slow call");
    else if (isWritten("debug")) write("debug", factsOf(record), "call");
  };
  /** Connectors that are tried again and again, of which nothing more is told until that has worked. */
  const down = new Set<string>();
  const condition = ({ connector, provider, from, state, reason, error }: ConditionEvent): void => {
    if (state === "down") down.add(connector);
    else down.delete(connector);
    // Of a connection that is made, fails to be made or is closed, the session's own lines tell.
    if (from === "lazy" || from === "connecting" || state === "lazy") return;
    write(state === "ready" ? "info" : "warn", { connector, provider, from, kind: error?.kind, reason }, state);
  };
  const state = ({ connector, provider, state, reason }: StateEvent): void =>
    write(down.has(connector) ? "debug" : severityOfState(state, reason), { connector, provider, reason }, state);
  const notice = ({ connector, name, severity, detail }: NoticeEvent): void =>
    write(severity === "warning" ? "warn" : "info", { connector, detail }, name);
  // The failed call tells the rest; a driver's message may hold what it was given.
  const unclassified = ({ connector, provider, error }: UnclassifiedEvent): void =>
    write("warn", { connector, provider, ...nameOf(error) }, "unknown error");
  return subscribeTo({ call, state, condition, notice, unclassified });
}

function severityOf({ result }: CallRecord): LogLevel {
  return SEVERITY[result as Kind] ?? "info";
}

function severityOfState(state: StateEvent["state"], reason: string | undefined): LogLevel {
  if (state === "connecting" || state === "draining") return "debug";
  return state === "connection lost" || (state === "disconnected" && reason !== undefined) ? "warn" : "info";
}

function factsOf(record: CallRecord): Record<string, unknown> {
  const { connector, provider, operation, effect, attempts, durationMs, waitMs, cache, replayed, traceId } = record;
  const times = { durationMs: rounded(durationMs), waitMs: waitMs === 0 ? undefined : rounded(waitMs) };
  return {
    connector,
    provider,
    operation,
    effect,
    attempts,
    ...times,
    cache,
    replayed: replayed || undefined,
    traceId,
  };
}

function failureOf(error: ConnectorError | undefined): Record<string, unknown> {
  if (error === undefined) return { kind: "internal" };
  const { kind, outcome, message, hint, status, code, by, stage, retryAfterMs } = error;
  return { kind, outcome, error: message, hint, status, code, by, stage, retryAfterMs };
}

function nameOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  return { name: error.name, code: (error as NodeJS.ErrnoException).code };
}

function wholeMs(waits: CallRecord["waits"]): Record<string, number> | undefined {
  const entries = Object.entries(waits).map(([stage, ms]) => [stage, rounded(ms)] as const);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100;

function withoutNothing(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
