/** Limits of time that end what another setting allows for. */
import { durationText } from "../core/duration-text.ts";
import { attemptsSetting, number, time, type Rule } from "./contradiction-rule.ts";
import { longestWaitsMs } from "./retry-waits.ts";
import { retryAttempts } from "./retry.ts";

const nothingEndsACall: Rule = ({ policies: { timeout, attemptTimeout } }) =>
  timeout > 0 || attemptTimeout > 0
    ? undefined
    : {
        settings: [time(timeout, "timeout"), time(attemptTimeout, "attemptTimeout")],
        says: (whole, one) =>
          `${whole} and ${one} limit nothing: a system that does not answer holds a call for ever. Set one of them.`,
      };

const tryOutlastsCall: Rule = ({ policies: { timeout, attemptTimeout } }) =>
  timeout === 0 || attemptTimeout < timeout
    ? undefined
    : {
        settings: [time(attemptTimeout, "attemptTimeout"), time(timeout, "timeout")],
        says: (one, whole) => `${one} never takes effect, because ${whole} ends the call first; make it shorter.`,
      };

const triesOutlastCall: Rule = ({ policies }) => {
  const { timeout, attemptTimeout, retry } = policies;
  const attempts = retryAttempts(policies);
  if (timeout === 0 || attemptTimeout === 0 || attempts === 1 || attemptTimeout >= timeout) return undefined;
  const longestMs = attempts * attemptTimeout + longestWaitsMs(attempts, retry);
  if (longestMs <= timeout) return undefined;
  return {
    settings: [attemptsSetting(attempts), time(attemptTimeout, "attemptTimeout"), time(timeout, "timeout")],
    says: (tries, one, whole) =>
      `${tries} times ${one} and the waits between can take ${durationText(longestMs)}, but ${whole} ends the call before; lower one of the first two, or raise the last.`,
  };
};

const waitIsCut: Rule = ({ policies: { retry } }) =>
  retry.delay <= retry.maxDelay
    ? undefined
    : {
        settings: [time(retry.delay, "retry.delay"), time(retry.maxDelay, "retry.maxDelay")],
        says: (delay, most) =>
          `${delay} is cut down to ${most} already before the second try; make it the shorter one.`,
      };

const hedgeComesTooLate: Rule = ({ policies: { hedge, timeout, attemptTimeout } }) => {
  const delay = hedge?.delay;
  if (delay === undefined) return undefined;
  const limits = [time(attemptTimeout, "attemptTimeout"), time(timeout, "timeout")];
  const limit = limits.find((_, at) => {
    const ms = [attemptTimeout, timeout][at]!;
    return ms > 0 && delay >= ms;
  });
  if (limit === undefined) return undefined;
  return {
    settings: [time(delay, "hedge.delay"), limit],
    says: (second, ends) => `${second} sends no second try, because ${ends} has ended the first; make it shorter.`,
  };
};

const rateOutlastsCall: Rule = ({ policies: { rateLimit, timeout } }) => {
  if (rateLimit === undefined || rateLimit.requests === "learned" || rateLimit.mode === "refuse") return undefined;
  const { requests, window = 0, weights = {} } = rateLimit;
  const everyMs = (window / requests) * Math.max(1, ...Object.values(weights));
  if (timeout === 0 || everyMs < timeout) return undefined;
  return {
    settings: [number(requests, "rateLimit.requests"), time(window, "rateLimit.window"), time(timeout, "timeout")],
    says: (count, within, whole) =>
      `${count} in ${within} let one pass every ${durationText(everyMs)}, which no call that has to wait lives to see with ${whole}; raise the rate or the timeout, or say mode: refuse.`,
  };
};

/** Limits of one step in the connector, which the call's own limit covers. */
const stepOutlastsCall: Rule = ({ policies: { timeout }, options, isWritten }) =>
  ["connectionTimeout", "statementTimeout"].flatMap((name) => {
    const ms = options[name];
    if (timeout === 0 || typeof ms !== "number" || ms < timeout || !isWritten([name])) return [];
    return {
      settings: [time(ms, name), time(timeout, "timeout")],
      says: (step: string, whole: string) =>
        `${step} never takes effect, because ${whole} ends the call first; make it shorter.`,
    };
  });

export const timeRules: readonly Rule[] = [
  nothingEndsACall,
  tryOutlastsCall,
  triesOutlastCall,
  waitIsCut,
  hedgeComesTooLate,
  rateOutlastsCall,
  stepOutlastsCall,
];
