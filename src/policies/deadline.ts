/**
 * One budget of time for the whole call: queueing, waits, tries and the body.
 *
 * It also is where a caller's abort takes effect at once: the answer to the caller never waits for work underneath that
 * does not listen. That work hears of it through the call's cancellation, and whatever waits on the way (a queue, a rate
 * limit, a retry delay) looks at `call.deadlineAt` to give up early instead of waiting in vain.
 */
import { duration } from "../config/fields.ts";
import type { Call } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import type { Stage } from "../core/record.ts";
import { limitTime } from "../core/limit.ts";
import type { Policy } from "../core/policy.ts";

export const timeoutSetting = duration(
  "Most time for a whole call, tries and waits included; for a stream, until its first item and then for each read. 0 means no limit.",
).default(30_000);

export function deadline(timeoutMs: number, clock: Clock): Policy {
  return (next) => (call) => {
    const limitMs = call.timeoutMs ?? timeoutMs;
    // A call that has waited for another one's answer began its time then.
    const isLimited = limitMs > 0 && call.deadlineAt === Infinity;
    const cancelled = call.cancelled;
    if (cancelled !== undefined) return Promise.reject(cancelled);
    const timer = isLimited ? limitTime(call, limitMs, clock, expired) : undefined;
    return new Promise((resolve, reject) => {
      next(call).then(
        (answer) => {
          timer?.cancel();
          resolve(answer);
        },
        (error: unknown) => {
          timer?.cancel();
          reject(error);
        },
      );
      call.hear(reject);
    });
  };
}

/** What most often holds a call up in a stage. */
const HINTS: Partial<Readonly<Record<Stage, string>>> = {
  "waiting for a connection":
    "Every connection is busy: raise the pool's size, or look for calls inside a transaction that do not use its handle.",
  "in a transaction":
    "Do calls inside the transaction use its own handle? On the connector they wait for another connection.",
  "waiting for the rate limit": "Send fewer calls, raise the rate limit or give the call more time.",
};

function expired(call: Call, limitMs: number): ConnectorError {
  const { stage, attempts } = call.record;
  const tries = attempts > 1 ? `, try ${attempts}` : "";
  return new ConnectorError("timeout", `Timed out after ${limitMs} ms while ${stage}${tries}`, {
    outcome: call.outcome,
    by: "deadline",
    stage,
    hint: HINTS[stage],
  });
}
