/**
 * The order of the policies, fixed: the settings are the user's, the order is not.
 *
 * A cached answer costs nothing below it; one deadline covers queueing, waits and tries; the breaker and the limiter see
 * tries, because the system sees tries.
 */
import { z } from "zod";
import type { Clock } from "../core/clock.ts";
import { compose, type Next } from "../core/policy.ts";
import { attemptTimeout, attemptTimeoutSetting } from "./attempt-timeout.ts";
import { deadline, timeoutSetting } from "./deadline.ts";
import { observe } from "./observe.ts";
import { rateLimit, rateLimitSetting } from "./rate-limit.ts";
import { retry, retryAttempts, retryAttemptsSetting, retrySetting } from "./retry.ts";

/** The settings of all policies, as they stand in `options`. */
export const policySettings = z
  .strictObject({
    timeout: timeoutSetting,
    attemptTimeout: attemptTimeoutSetting,
    retryAttempts: retryAttemptsSetting,
    retry: retrySetting,
    rateLimit: rateLimitSetting.optional(),
  })
  .superRefine(({ retryAttempts: tries, retry: { attempts } }, context) => {
    if (tries !== undefined && attempts !== undefined && tries !== attempts)
      context.addIssue({
        code: "custom",
        path: ["retry", "attempts"],
        message: "says the same as retryAttempts and differs from it; keep one",
      });
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
}

/** Every policy that the settings switch on, in order, around `innermost`. State is the pipeline's own. */
export function buildPipeline(settings: PolicySettings, { clock, random }: PipelineEnvironment, innermost: Next): Next {
  return compose(
    [
      observe(clock),
      deadline(settings.timeout, clock),
      retry({ ...settings.retry, attempts: retryAttempts(settings) }, { clock, random }),
      rateLimit(settings.rateLimit, clock),
      attemptTimeout(settings.attemptTimeout, clock),
    ],
    innermost,
  );
}
