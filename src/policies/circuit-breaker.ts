/**
 * Spares a system that fails, and the callers who would wait for it.
 *
 * Closed, it counts; open, it refuses at once and says when to come back; half-open, it lets a few probes through and
 * closes when they succeed (M. Nygard, "Release It!", 2007). It opens after a number of failures in a row, or when the
 * share of failures in a sliding window reaches a limit and the window holds enough tries to judge by.
 *
 * Only failures of the *system* count: no connection, no answer in time, unavailable. An answer that refuses the call (not
 * found, conflict, wrong credentials) is a sign of life. An abort, a limit of our own, time that was spent in a queue or
 * that a caller had cut shorter than the connector does, say nothing either way. What began before the last change of state
 * is not judged at all.
 *
 * A stream is judged when it is over, so that one that the system breaks off in the middle counts as the failure that it
 * is; only a probe is judged by its first items, because others wait for what it finds.
 */
import { z } from "zod";
import { duration } from "../config/fields.ts";
import type { Policy } from "../core/policy.ts";
import { FAILURES_IN_A_ROW, type Circuit } from "./circuit.ts";
import { verdictOn } from "./system-verdict.ts";

const fields = z.strictObject({
  failures: z
    .int()
    .min(1)
    .optional()
    .meta({
      description: `Failures in a row that open it. Default: ${FAILURES_IN_A_ROW}, or none where \`failureRate\` is given.`,
    }),
  failureRate: z.number().gt(0).max(1).optional().meta({
    description: "Share of failed tries in the window that opens it.",
  }),
  window: duration("The window of `failureRate`.")
    .refine((ms) => ms > 0, "must be more than 0")
    .default(10_000),
  minimumCalls: z.int().min(1).default(20).meta({ description: "Fewer tries in the window say nothing." }),
  openFor: duration("How long it refuses before it probes.").default(1_000),
  probes: z.int().min(1).default(1).meta({ description: "Probes at a time; as many successes close it." }),
});

export const circuitBreakerSetting = z
  .union([z.literal(true).transform(() => fields.parse({})), fields])
  .meta({ description: "Refuses calls at once while the system fails; `true` for the defaults." });

export type CircuitBreakerSettings = z.output<typeof fields>;

/** @param timeoutMs the connector's own limit for a call; 0 means none. */
export function circuitBreaker(circuit: Circuit | undefined, timeoutMs: number): Policy | undefined {
  if (circuit === undefined) return undefined;
  return (next) => (call) => {
    const refusal = circuit.admit();
    if (refusal !== undefined) return Promise.reject(refusal);
    const { era } = circuit;
    const answer = next(call);
    answer.then(
      () => {
        if (!call.operation.stream || circuit.state === "half-open") return circuit.count("alive", era);
        const { record } = call;
        record.onSettled(() => circuit.count(verdictOn(record.error, call, timeoutMs), era));
      },
      (error: unknown) => circuit.count(verdictOn(error, call, timeoutMs), era),
    );
    return answer;
  };
}
