/**
 * The outermost policy: knows when a call is over and what became of it, and publishes its record.
 *
 * A stream is over when it has been read out, broken off or failed, so its record is settled by whoever reads it.
 */
import type { Clock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import { channels, publishCall } from "../core/events.ts";
import type { Policy } from "../core/policy.ts";

export function observe(clock: Clock): Policy {
  return (next) => async (call) => {
    const { record } = call;
    if (channels.call.hasSubscribers) record.onSettled(() => publishCall(record));
    try {
      const answer = await next(call);
      if (!call.operation.stream) record.settle("ok", clock.now());
      return answer;
    } catch (error) {
      record.outcome = error instanceof ConnectorError ? error.outcome : undefined;
      record.settle(error instanceof ConnectorError ? error.kind : "internal", clock.now());
      throw error;
    }
  };
}
