/** Calls for tests of policies and handlers, without a connector around them. */
import { z } from "zod";
import { Call, type AdHoc } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import type { Effect } from "../core/operation.ts";
import { CallRecord } from "../core/record.ts";

/** What a made-up call is like. */
export interface CallSettings {
  /** The operation's name. Default: `work`. */
  readonly name?: string | undefined;
  readonly input?: unknown;
  /** Default: `read`. */
  readonly effect?: Effect | undefined;
  /** Whether the operation answers with a stream. Default: no. */
  readonly stream?: boolean | undefined;
  /** The caller's own limit for the whole call. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly idempotencyKey?: string | undefined;
  /** What is done instead of the operation's handler. */
  readonly adHoc?: AdHoc | undefined;
  /** Tells when the call started. Default: at 0. */
  readonly clock?: Clock | undefined;
}

/** A call as a connector would send it through its policies. */
export function makeCall(settings: CallSettings = {}): Call {
  const {
    name = "work",
    input,
    effect = "read",
    stream = false,
    timeoutMs,
    signal,
    idempotencyKey,
    adHoc,
    clock,
  } = settings;
  const operation = { summary: name, input: z.unknown(), output: z.unknown(), stream, effect, examples: [] };
  const record = new CallRecord(
    { connector: "test", provider: "test", type: "custom", operation: name, effect },
    clock === undefined ? 0 : clock.now(),
  );
  return new Call({ operation, input, effect, timeoutMs, signal, idempotencyKey, record, work: adHoc });
}
