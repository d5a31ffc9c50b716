/**
 * Tells of each try when it begins and when it is over, where somebody listens.
 *
 * It stands outside the limit of one try, so that a try that ran out of time is told as such when its time was over, and
 * not when the work underneath took notice. For the same reason a try is over when it is cancelled.
 */
import { AttemptRecord } from "../core/attempt-record.ts";
import type { Call } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { channels } from "../core/events.ts";
import type { Next, Policy } from "../core/policy.ts";

/** @param redact takes the connector's secrets out of a text. */
export function observeAttempts(clock: Clock, redact: (text: string) => string = (text) => text): Policy {
  const { attempt, attemptStart } = channels;
  return (next) => (call) =>
    attempt.hasSubscribers || attemptStart.hasSubscribers ? observed(next, call, clock, redact) : next(call);
}

function observed(next: Next, call: Call, clock: Clock, redact: (text: string) => string): Promise<unknown> {
  // It does not begin.
  if (call.cancelled !== undefined) return next(call);
  const record = new AttemptRecord(call.record, call.attempt, clock.now());
  if (channels.attemptStart.hasSubscribers) channels.attemptStart.publish(record);
  let stopListening = (): void => {};
  const over = (failure?: unknown): void => {
    stopListening();
    if (!record.settle(clock.now(), failure)) return;
    // The driver made it, of who knows what.
    if (record.code !== undefined) record.code = redact(record.code);
    if (channels.attempt.hasSubscribers) channels.attempt.publish(record);
  };
  stopListening = call.onCancel(over);
  return record
    .run(() => next(call))
    .then(
      (answer) => {
        over();
        return answer;
      },
      (error: unknown) => {
        over(error);
        throw error;
      },
    );
}
