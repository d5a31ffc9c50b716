/**
 * No more calls at a time than the system bears.
 *
 * A permit per call, handed out in order of arrival; who finds none waits in a bounded queue, leaves it at once when
 * aborted, and is refused when the queue is full. A call keeps its permit until it has settled: a stream until it has been
 * read out or broken off.
 *
 * `auto` finds the limit by additive increase and multiplicative decrease (Chiu and Jain, "Analysis of the Increase and
 * Decrease Algorithms", 1989; the factor is that of Netflix's concurrency-limits, `AIMDLimit`): one more for each round of
 * successes while half of the limit is in use, a tenth less when the system runs out of time, is unavailable or says that
 * it is too much. As in TCP, all that fails of one round lowers the limit once.
 */
import { z } from "zod";
import type { Clock } from "../core/clock.ts";
import type { Policy } from "../core/policy.ts";
import { Permits } from "./permits.ts";

/** Most waiting calls where nothing is said. */
const QUEUE = 1_000;

const limit = z.union([z.int().min(1), z.literal("auto")]);

export const concurrencySetting = z
  .union([
    limit.transform((each) => ({ limit: each, queue: QUEUE })),
    z.strictObject({
      limit: limit.meta({ description: "Most calls at a time, or `auto`." }),
      queue: z.int().min(0).default(QUEUE).meta({ description: "Most calls that wait; further ones are refused." }),
    }),
  ])
  .meta({ description: "Most calls at a time: a number, `auto`, or limit and queue." });

export type ConcurrencySettings = z.output<typeof concurrencySetting>;

export function concurrency(settings: ConcurrencySettings | undefined, clock: Clock): Policy | undefined {
  if (settings === undefined) return undefined;
  const permits = new Permits(settings.limit, settings.queue, clock);
  return (next) => (call) => {
    if (permits.take(call.record)) return next(call);
    return permits.wait(call).then(() => {
      call.throwIfCancelled();
      return next(call);
    });
  };
}
