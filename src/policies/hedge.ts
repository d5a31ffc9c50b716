/**
 * A second try for the slow tail of reads (J. Dean, L. A. Barroso, "The Tail at Scale", CACM 2013).
 *
 * When a read has not been answered after the time in which 95 of 100 are (or after a fixed delay), the same read is sent
 * once more; the first answer wins and the other try is aborted. If one fails the other may still answer. Only reads, never
 * streams; only while the first try is at the system, because a second place in a queue is no faster; and only while the
 * retry budget has something left: a system that is slow because it is overloaded must not get twice the load.
 */
import { z } from "zod";
import { duration } from "../config/fields.ts";
import type { Call } from "../core/call.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import type { Next, Policy } from "../core/policy.ts";
import { LatencySample } from "./latency-sample.ts";
import type { RetryBudget } from "./retry-budget.ts";

/** Share of the reads that is answered before a second try is sent. */
const PERCENTILE = 0.95;

const fields = z.strictObject({
  delay: duration(
    "After how long the second try is sent; without it, the time in which 95 % of the last reads were answered.",
  ).optional(),
});

export const hedgeSetting = z
  .union([z.literal(true).transform(() => fields.parse({})), fields])
  .meta({ description: "Sends a slow read a second time; the first answer wins. `true` for the defaults." });

export type HedgeSettings = z.output<typeof fields>;

/** @param budget pays for second tries; without one they are limited by nothing. */
export function hedge(
  settings: HedgeSettings | undefined,
  clock: Clock,
  budget: RetryBudget | undefined,
): Policy | undefined {
  if (settings === undefined) return undefined;
  const latencies = new LatencySample(PERCENTILE);
  const isPaid = (): boolean => budget === undefined || budget.withdraw(clock.now());
  return (next) => async (call) => {
    if (call.effect !== "read" || call.operation.stream) return next(call);
    const startedAt = clock.now();
    const delayMs = settings.delay ?? latencies.percentile;
    const answer = await (delayMs === undefined ? next(call) : race(next, call, delayMs, clock, isPaid));
    latencies.add(clock.now() - startedAt);
    return answer;
  };
}

function race(next: Next, call: Call, delayMs: number, clock: Clock, isPaid: () => boolean): Promise<unknown> {
  const cancelled = call.cancelled;
  if (cancelled !== undefined) return Promise.reject(cancelled);
  return new Promise((resolve, reject) => {
    const tries = new Set<Call>();
    const over = (): void => {
      timer.cancel();
      stopListening();
    };
    const send = (): void => {
      const scope = call.fork();
      tries.add(scope);
      next(scope).then(
        (answer) => {
          over();
          tries.delete(scope);
          for (const loser of tries) loser.cancel(new ConnectorError("cancelled", "Another try was faster"));
          resolve(answer);
        },
        (error: unknown) => {
          tries.delete(scope);
          // While the other try runs it may still be answered.
          if (tries.size > 0) return;
          over();
          reject(error);
        },
      );
    };
    const arm = (): Timer =>
      clock.timeout(Math.max(1, Math.ceil(delayMs)), () => {
        // Where it waits for something else than the system, there is time to look again.
        if (call.record.stage !== "running") timer = arm();
        else if (isPaid()) send();
      });
    let timer = arm();
    const stopListening = call.onCancel((reason) => {
      timer.cancel();
      reject(reason);
    });
    send();
  });
}
