/**
 * No more calls than agreed.
 *
 * Tries leave one by one, `window / requests` apart, after an initial burst; in no window do more than `requests + burst`
 * leave. A heavy operation can weigh as much as several, and each key can have a rate of its own. A try that must wait
 * waits, unless that cannot end before the call's deadline or `mode` is `refuse`: then it is refused at once.
 *
 * What the system says itself wins: `Retry-After`, or a quota that its answers say is used up, holds back every call, those
 * already queued too, and refuses those whose deadline it outlasts. With keys it holds back the calls of that key. Where
 * the system's own word is to be the only limit, the setting is `learned`: when a hold is over, all leave at once.
 */
import { z } from "zod";
import { duration } from "../config/fields.ts";
import type { Call } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import { failedAnswerOf } from "../core/failed-answer.ts";
import type { Policy } from "../core/policy.ts";
import { INPUT_FIELD } from "./input-field.ts";
import { quotaWaitMs } from "./learned-limits.ts";
import { RateGate, type Rate } from "./rate-gate.ts";
import { RateKeys } from "./rate-keys.ts";

const fields = z
  .strictObject({
    requests: z.union([z.int().min(1), z.literal("learned")]).meta({
      description: "Calls per window; or `learned`: no limit of our own, only those that the system tells of.",
    }),
    window: duration("The window.")
      .refine((ms) => ms > 0, "must be more than 0")
      .optional(),
    burst: z.int().min(1).optional().meta({
      description: "Calls that may leave at once after a pause; 1 spaces all evenly. Default: as many as `requests`.",
    }),
    weights: z
      .record(z.string(), z.int().min(1))
      .optional()
      .meta({
        description: "As how many calls an operation counts, by its name; others count as 1.",
        examples: [{ search: 5 }],
      }),
    key: z
      .string()
      .regex(INPUT_FIELD)
      .optional()
      .meta({ description: "Counts the calls of each value of this field apart.", examples: ["input.tenant"] }),
    mode: z.enum(["wait", "refuse"]).default("wait").meta({
      description: "What a call does for which there is no room: `wait` for it, or `refuse` at once.",
    }),
  })
  .superRefine(({ requests, window, burst, weights = {} }, context) => {
    const refuse = (path: readonly string[], message: string): void =>
      context.addIssue({ code: "custom", path: [...path], message });
    if (requests === "learned") {
      for (const [name, value] of Object.entries({ window, burst, weights: Object.keys(weights)[0] }))
        if (value !== undefined) refuse([name], "says nothing where `requests` is learned");
      return;
    }
    if (window === undefined) refuse(["window"], "is missing; in what time may so many requests leave?");
    const most = burst ?? requests;
    for (const [operation, weight] of Object.entries(weights))
      if (weight > most)
        refuse(
          ["weights", operation],
          `must be at most ${most}, as many calls as may leave at once; it would wait for ever`,
        );
  });

export const rateLimitSetting = z
  .union([z.literal("learned").transform(() => fields.parse({ requests: "learned" })), fields])
  .meta({
    description:
      "Limits how many tries reach the system; `learned` holds back only what the system itself asks to hold back.",
    examples: [{ requests: 100, window: "1m" }],
  });

export type RateLimitSettings = Omit<z.output<typeof fields>, "mode"> & {
  readonly mode?: "wait" | "refuse" | undefined;
};

/** Lets everything pass that the system does not hold back. */
const UNLIMITED: Rate = { requests: Infinity, window: 1, burst: 1 };

export function rateLimit(settings: RateLimitSettings | undefined, clock: Clock): Policy | undefined {
  if (settings === undefined) return undefined;
  const { requests, window = 1, burst, mode, key } = settings;
  const rate = requests === "learned" ? UNLIMITED : { requests, window, burst };
  const weights = settings.weights && new Map(Object.entries(settings.weights));
  const keys = key === undefined ? undefined : new RateKeys(key, rate, clock);
  const single = new RateGate(rate, clock);
  const gateOf = (call: Call): RateGate => keys?.of(call) ?? single;
  const hold = (call: Call, ms: number | undefined): void => {
    if (ms !== undefined) gateOf(call).hold(ms);
  };
  return (next) => {
    const send = (call: Call): Promise<unknown> => {
      const answer = next(call);
      answer.then(
        () => {
          const { record } = call;
          if (record.headers !== undefined) hold(call, quotaWaitMs(record.headers, clock.wall()));
          // It may be refused its next page.
          if (call.operation.stream) record.onSettled(() => hold(call, askedFor(record.error, clock)));
        },
        (error: unknown) => hold(call, askedFor(error, clock)),
      );
      return answer;
    };
    return (call) => {
      const gate = gateOf(call);
      const weight = weights?.get(call.name) ?? 1;
      if (gate.take(weight, call.record.now(clock))) return send(call);
      if (mode === "refuse") return Promise.reject(gate.refusal(weight));
      return gate.wait(call, weight).then(() => send(call));
    };
  };
}

/** How long the system itself asks to be left alone; what a policy asks for is that policy's affair. */
function askedFor(error: unknown, clock: Clock): number | undefined {
  if (!(error instanceof ConnectorError) || error.by !== undefined) return undefined;
  const { headers } = failedAnswerOf(error) ?? {};
  const quotaMs = headers === undefined ? undefined : quotaWaitMs(headers, clock.wall());
  const isToWait = error.kind === "rate_limited" || error.kind === "unavailable";
  return (isToWait ? error.retryAfterMs : undefined) ?? quotaMs;
}
