/**
 * No more calls than agreed.
 *
 * Tries leave one by one, `window / requests` apart, after an initial burst; in no window do more than `requests + burst`
 * leave. A wait that cannot end before the call's deadline is refused at once. What the system says itself wins: a refusal
 * with `Retry-After` holds back every call, those already queued too, and refuses those whose deadline it outlasts.
 */
import { z } from "zod";
import { duration } from "../config/fields.ts";
import type { Clock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import type { Policy } from "../core/policy.ts";
import { RateGate, type Rate } from "./rate-gate.ts";

export const rateLimitSetting = z
  .strictObject({
    requests: z.int().min(1).meta({ description: "Calls per window." }),
    window: duration("The window.").refine((ms) => ms > 0, "must be more than 0"),
    burst: z.int().min(1).optional().meta({
      description: "Calls that may leave at once after a pause; 1 spaces all evenly. Default: as many as `requests`.",
    }),
  })
  .meta({ description: "Limits how many tries reach the system.", examples: [{ requests: 100, window: "1m" }] });

export function rateLimit(settings: Rate | undefined, clock: Clock): Policy | undefined {
  if (settings === undefined) return undefined;
  const gate = new RateGate(settings, clock);
  return (next) => async (call) => {
    if (!gate.isOpen()) await gate.wait(call);
    try {
      return await next(call);
    } catch (error) {
      const waitMs = askedFor(error);
      if (waitMs !== undefined) gate.hold(waitMs);
      throw error;
    }
  };
}

/** How long the system itself asks to be left alone; what a policy asks for is that policy's affair. */
function askedFor(error: unknown): number | undefined {
  if (!(error instanceof ConnectorError) || error.by !== undefined) return undefined;
  return error.kind === "rate_limited" || error.kind === "unavailable" ? error.retryAfterMs : undefined;
}
