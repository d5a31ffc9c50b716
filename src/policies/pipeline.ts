/** All policies in one: their settings, and the way of a call through those that are on, in the order of `order.ts`. */
import { z } from "zod";
import type { CircuitEvent } from "../core/audit-event.ts";
import type { Call } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import type { ConnectorError } from "../core/errors.ts";
import type { Severity } from "../core/events.ts";
import { compose, type Next, type Policy } from "../core/policy.ts";
import { attemptTimeout, attemptTimeoutSetting } from "./attempt-timeout.ts";
import { cache, cacheSetting, invalidatesSetting } from "./cache.ts";
import { circuitBreaker, circuitBreakerSetting } from "./circuit-breaker.ts";
import { Circuit, type CircuitControl } from "./circuit.ts";
import { concurrency, concurrencySetting } from "./concurrency.ts";
import { deadline, timeoutSetting } from "./deadline.ts";
import { faults, faultsSetting } from "./faults.ts";
import { hedge, hedgeSetting } from "./hedge.ts";
import { observeAttempts } from "./observe-attempts.ts";
import { observe, type Present } from "./observe.ts";
import { ORDER, type PolicyName } from "./order.ts";
import { rateLimit, rateLimitSetting } from "./rate-limit.ts";
import { renewal, type Credentials } from "./renewal.ts";
import { RetryBudget } from "./retry-budget.ts";
import { retry, retryAttempts, retryAttemptsSetting, retrySetting } from "./retry.ts";

/** The settings of all policies, as they stand in `options`. */
export const policySettings = z
  .strictObject({
    timeout: timeoutSetting,
    attemptTimeout: attemptTimeoutSetting,
    retryAttempts: retryAttemptsSetting,
    retry: retrySetting,
    rateLimit: rateLimitSetting.optional(),
    circuitBreaker: circuitBreakerSetting.optional(),
    concurrency: concurrencySetting.optional(),
    cache: cacheSetting.optional(),
    invalidates: invalidatesSetting.optional(),
    hedge: hedgeSetting.optional(),
    faults: faultsSetting.optional(),
  })
  .superRefine(({ retryAttempts: tries, retry: { attempts } }, context) => {
    if (tries !== undefined && attempts !== undefined && tries !== attempts)
      context.addIssue({
        code: "custom",
        path: ["retry", "attempts"],
        message: "says the same as retryAttempts and differs from it; keep one",
      });
  })
  .superRefine((settings, context) => {
    if (settings.invalidates !== undefined && settings.cache === undefined)
      context.addIssue({ code: "custom", path: ["invalidates"], message: "outdates nothing without `cache`" });
  });

export type PolicySettings = z.output<typeof policySettings>;
export type PolicySettingsInput = z.input<typeof policySettings>;

/** Names that the policies claim in `options`. */
export const keysOfPolicies: readonly string[] = Object.keys(policySettings.shape);

/** What policies need beside their settings. */
export interface PipelineEnvironment {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Counts a call that a policy makes for itself among the connector's running ones. */
  readonly enter?: (call: Call) => void;
  /** Where credentials that the system refuses are read anew. */
  readonly credentials?: Credentials | undefined;
  /** Makes of what a call failed of what its caller gets. */
  readonly present?: Present;
  /** Takes the connector's secrets out of a text. */
  readonly redact?: (text: string) => string;
  /** Tells subscribers of a change in a policy. */
  readonly notify?: (event: string, severity: Severity) => void;
  /** Hears of every try that failed. */
  readonly onFailure?: ((error: ConnectorError, call: Call) => void) | undefined;
  /** Hears of every change of the circuit breaker. */
  readonly onCircuit?: (() => void) | undefined;
  /** Tells auditors of what was done to a policy by hand. */
  readonly audit?: (event: CircuitEvent["event"]) => void;
}

export interface Pipeline {
  /** Sends a call through all policies. */
  readonly send: Next;
  /** The circuit breaker, where the settings switch it on. */
  readonly circuitBreaker: CircuitControl | undefined;
  /** Instant on the clock until which the circuit breaker refuses calls; -Infinity where it does not. */
  refusesUntil(this: void): number;
}

/** Every policy that the settings switch on, around `innermost`. State is the pipeline's own. */
export function buildPipeline(settings: PolicySettings, environment: PipelineEnvironment, innermost: Next): Pipeline {
  const { clock, random, enter = () => {}, notify = () => {}, audit = () => {}, present, redact } = environment;
  const { timeout: timeoutMs } = settings;
  const attempts = retryAttempts(settings);
  const budget = budgetOf(settings, attempts);
  const circuit =
    settings.circuitBreaker === undefined
      ? undefined
      : new Circuit(settings.circuitBreaker, {
          clock,
          onState: (state) => {
            notify(`circuit ${state}`, state === "open" ? "warning" : "info");
            environment.onCircuit?.();
          },
          onHand: (what) => audit(`circuit ${what}`),
        });
  const policies: Readonly<Record<PolicyName, Policy | undefined>> = {
    observe: observe(clock, present),
    cache: cache(settings.cache, settings.invalidates, { clock, timeoutMs, enter, present }),
    deadline: deadline(timeoutMs, clock),
    concurrency: concurrency(settings.concurrency, clock),
    "retry-budget": budget?.policy,
    hedge: hedge(settings.hedge, clock, budget),
    retry: retry({ ...settings.retry, attempts }, { clock, random, budget, onFailure: environment.onFailure }),
    renewal: renewal(environment.credentials),
    "circuit-breaker": circuitBreaker(circuit, timeoutMs),
    "rate-limit": rateLimit(settings.rateLimit, clock),
    "observe-attempts": observeAttempts(clock, redact),
    "attempt-timeout": attemptTimeout(settings.attemptTimeout, clock),
    faults: faults(settings.faults, clock),
  };
  const inOrder = ORDER.map(({ name }) => policies[name]);
  const send = compose(inOrder, innermost);
  return { send, circuitBreaker: circuit, refusesUntil: () => circuit?.refusesUntil ?? -Infinity };
}

/** What repeats and hedged reads are paid from; nothing where there are none. */
function budgetOf({ hedge: hedged, retry: { budget } }: PolicySettings, attempts: number): RetryBudget | undefined {
  return budget === false || (attempts === 1 && hedged === undefined) ? undefined : new RetryBudget(budget);
}
