/** Checks what a caller says about one call: a misspelt or impossible word is refused, never ignored. */
import { parseDuration } from "../config/fields.ts";
import type { CallOptions } from "../core/call.ts";
import type { Kind } from "../core/errors.ts";
import { unknownName } from "../core/issues.ts";
import type { Effect } from "../core/operation.ts";
import { parseTraceParent, type TraceParent } from "../core/trace-parent.ts";

const NAMES = { signal: true, timeout: true, idempotencyKey: true, effect: true, traceparent: true } satisfies Record<
  keyof CallOptions,
  true
>;

export interface ParsedOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly effect: Effect;
  readonly parent?: TraceParent | undefined;
  readonly problem?: undefined;
}

/** Why a call is refused because of its options. */
export interface OptionsProblem {
  readonly kind: Kind;
  readonly problem: string;
}

/** The options of a call of an operation that by itself has the effect `own`. */
export function parseOptions(
  operation: string,
  own: Effect,
  options: CallOptions | null | undefined,
): ParsedOptions | OptionsProblem {
  if (options === undefined || options === null)
    return { signal: undefined, timeoutMs: undefined, idempotencyKey: undefined, effect: own, parent: undefined };
  for (const name in options)
    if (!Object.hasOwn(NAMES, name)) return wrong(`Invalid option: ${unknownName(name, Object.keys(NAMES))}`);
  const { signal, timeout, idempotencyKey, effect = own, traceparent } = options;
  const timeoutMs = timeout === undefined ? undefined : parseDuration(timeout);
  if (timeout !== undefined && timeoutMs === undefined)
    return wrong('Invalid timeout: expected milliseconds or text like "30s"');
  if (effect !== own && effect !== "read" && effect !== "idempotent")
    return wrong('Invalid effect: expected "read" or "idempotent"');
  if (signal !== undefined && !(signal instanceof AbortSignal)) return wrong("Invalid signal: expected an AbortSignal");
  if (idempotencyKey !== undefined) {
    if (typeof idempotencyKey !== "string" || idempotencyKey === "")
      return wrong("Invalid idempotencyKey: expected text that is not empty");
    // The key would go nowhere, and its caller would rely on it.
    if (own === "unsafe" || own === "unknown")
      return { kind: "unsupported", problem: `Operation ${operation} takes no idempotency key` };
    if (own === "keyed" && effect === "read") return wrong("Invalid idempotencyKey: a call that only reads takes none");
  }
  const parent = traceparent === undefined ? undefined : parseTraceParent(traceparent);
  if (traceparent !== undefined && parent === undefined)
    return wrong("Invalid traceparent: expected a header as W3C Trace Context defines it");
  // A key makes it as repeatable as the caller's word does, and must reach the system all the same.
  const isKeyed = idempotencyKey !== undefined && own === "keyed";
  return { signal, timeoutMs, idempotencyKey, effect: isKeyed ? "keyed" : effect, parent };
}

function wrong(problem: string): OptionsProblem {
  return { kind: "input_invalid", problem };
}
