/**
 * Sends a failed call again, if that can help and cannot harm.
 *
 * Whether it may is decided in one place (`core/repeat.ts`) from the error's kind and the operation's effect. A raw
 * statement, of which only the system knows whether it writes, is repeated after an unknown outcome only where the system
 * itself refuses writes: a true read then succeeds, a write is refused, and the caller is told that its outcome is unknown.
 *
 * Waits grow exponentially with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015), are never
 * shorter than the system asked for (`Retry-After`), and are not begun where they would outlast the deadline: the call
 * then fails at once and says so. All repeats of a connector come out of one budget, so that a failing system is not
 * buried under them. An error that left an inner retry exhausted is not multiplied by an outer one.
 */
import { z } from "zod";
import { duration, otherNames } from "../config/fields.ts";
import type { Call } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { ConnectorError, KINDS } from "../core/errors.ts";
import { pause } from "../core/pause.ts";
import type { Next, Policy } from "../core/policy.ts";
import { explained, givenUp, tooLate } from "./giving-up.ts";
import { retryBudgetSetting, type RetryBudget } from "./retry-budget.ts";
import { repeatBy, retryNeverSetting, retryOnSetting, type RetryRules } from "./retry-rules.ts";

/** Tries of one call where nothing is said. */
const ATTEMPTS = 3;
const attempts = z.int().min(1).max(100).optional();

export const retryAttemptsSetting = attempts.meta({
  description: "Most tries of one call, the first included; 1 means that nothing is repeated.",
  default: ATTEMPTS,
});

export const retrySetting = z
  .strictObject({
    attempts: attempts
      .meta({ description: "Another name for `retryAttempts`." })
      .register(otherNames, { of: "retryAttempts" }),
    delay: duration("The first wait is random between 0 and this; it doubles with every try.").default(200),
    maxDelay: duration("No random wait is longer than this.").default(10_000),
    budget: retryBudgetSetting,
    on: retryOnSetting,
    never: retryNeverSetting,
  })
  .prefault({})
  .meta({ description: "How failed calls are repeated." });

/** Most tries of one call, however the setting was named. */
export function retryAttempts(settings: {
  retryAttempts?: number | undefined;
  retry: { attempts?: number | undefined };
}): number {
  return settings.retryAttempts ?? settings.retry.attempts ?? ATTEMPTS;
}

export interface RetrySettings extends Partial<RetryRules> {
  readonly attempts: number;
  readonly delay: number;
  readonly maxDelay: number;
}

export interface RetryEnvironment {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Pays for repeats; without one they are limited by the attempts only. */
  readonly budget?: RetryBudget | undefined;
  /** Hears of every try that failed. */
  readonly onFailure?: FailureListener | undefined;
}

type FailureListener = (error: ConnectorError, call: Call) => void;

export function retry(settings: RetrySettings, environment: RetryEnvironment): Policy | undefined {
  const { clock, random, budget, onFailure } = environment;
  if (settings.attempts === 1) return onFailure && tellOnly(onFailure);
  const mayRepeat = repeatBy(settings);
  const repeat = async (next: Next, call: Call, first: unknown, attemptsBefore: number): Promise<unknown> => {
    const { record } = call;
    let scope = call;
    let thrown = first;
    let before = attemptsBefore;
    /** The failure that left the outcome unknown; what a read-only repeat is refused with cannot replace it. */
    let inDoubt: ConnectorError | undefined;
    /** The last failure of the system itself; a policy's refusal of a further try does not explain the call's. */
    let failure: ConnectorError | undefined;
    for (let tries = 1; ; tries++) {
      if (!(thrown instanceof ConnectorError)) throw thrown;
      const error = thrown;
      onFailure?.(error, call);
      if (tries === 1 && KINDS[error.kind].repeat !== "never") budget?.forfeit(clock.now());
      error.attempts ??= record.attempts;
      if (call.cancelled !== undefined) throw call.cancelled;
      // Nothing that happens later makes certain what an earlier try left open.
      if (record.inDoubt) error.outcome = "unknown";
      if (record.attempts > before) failure = error;
      if (scope.readOnly && isRefusal(error)) throw Object.assign(inDoubt ?? error, { attempts: record.attempts });
      const verdict = mayRepeat(error, call.effect);
      if (verdict === "no" || (verdict === "read-only" && !record.provable))
        throw explained(error, failure, record.attempts);
      if (verdict === "read-only") inDoubt ??= error;
      // Another scope of the same call may have made tries as well.
      if (Math.max(tries, record.attempts) >= settings.attempts) throw givenUp(failure ?? error, record.attempts);
      const since = clock.now();
      const waitMs = waitBefore(tries, error, settings, random);
      if (since + waitMs >= call.deadlineAt) throw tooLate(failure ?? error, error, waitMs, record.attempts);
      if (budget?.withdraw(since) === false)
        throw givenUp(failure ?? error, record.attempts, "; the retry budget is spent");
      record.stage = "waiting to retry";
      try {
        await pause(call, waitMs, clock);
      } finally {
        record.addWait("waiting to retry", clock.now() - since);
      }
      scope = call.fork({ readOnly: inDoubt !== undefined });
      before = record.attempts;
      try {
        return await next(scope);
      } catch (again) {
        thrown = again;
      }
    }
  };
  // A first try that succeeds pays for nothing else.
  return (next) => (call) => {
    const { attempts } = call.record;
    // Not `catch`, which looks up `then` first.
    return next(call).then(undefined, (error: unknown) => repeat(next, call, error, attempts));
  };
}

/** Where nothing is repeated. */
function tellOnly(onFailure: FailureListener): Policy {
  return (next) => (call) =>
    next(call).catch((error: unknown) => {
      if (error instanceof ConnectorError) onFailure(error, call);
      throw error;
    });
}

/** The system's answer to a write inside a read-only repeat. */
function isRefusal(error: ConnectorError): boolean {
  return error.kind === "permission_denied" || error.kind === "unsupported";
}

function waitBefore(tries: number, error: ConnectorError, settings: RetrySettings, random: () => number): number {
  const ceiling = Math.min(settings.maxDelay, settings.delay * 2 ** (tries - 1));
  return Math.max(random() * ceiling, error.retryAfterMs ?? 0);
}
