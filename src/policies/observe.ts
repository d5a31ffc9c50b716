/**
 * The outermost policy: knows when a call begins, when it is over and what became of it, and publishes its record.
 *
 * A stream is over when it has been read out, broken off or failed, so its record is settled by whoever reads it. What a
 * call failed of is made presentable here, so that subscribers and the caller are told the same.
 */
import type { Call } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import { channels, publishCall } from "../core/events.ts";
import type { Policy } from "../core/policy.ts";

/** Makes of what was thrown what the caller gets. */
export type Present = (thrown: unknown, call: Call) => unknown;

export function observe(clock: Clock, present: Present = (thrown) => thrown): Policy {
  const { call: over, callStart } = channels;
  return (next) => (call) => {
    const { record } = call;
    if (over.hasSubscribers) record.onSettled(() => publishCall(record));
    if (callStart.hasSubscribers) callStart.publish(record);
    return next(call).then(
      (answer) => {
        if (!call.operation.stream) record.settle("ok", clock.now());
        return answer;
      },
      (thrown: unknown) => {
        const error = present(thrown, call);
        const known = error instanceof ConnectorError ? error : undefined;
        record.outcome = known?.outcome;
        record.error = known;
        record.settle(known?.kind ?? "internal", clock.now());
        throw error;
      },
    );
  };
}
