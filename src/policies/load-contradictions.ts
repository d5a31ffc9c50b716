/** Numbers that cannot be reached, or reach further than another lets them. */
import { outdatedBy } from "./cache.ts";
import { canMeet } from "./cache-tags.ts";
import { FAILURES_IN_A_ROW } from "./circuit.ts";
import { attemptsSetting, number, time, type InForce, type Rule } from "./contradiction-rule.ts";
import { retryAttempts } from "./retry.ts";

const POOL = ["maxConnections", "poolSize"];

/** The pool and the limit of calls, where both are numbers. */
function poolAndLimit({ policies: { concurrency }, poolSize }: InForce): { pool: number; limit: number } | undefined {
  if (poolSize === undefined || concurrency === undefined || concurrency.limit === "auto") return undefined;
  return { pool: poolSize, limit: concurrency.limit };
}

const poolIsTooSmall: Rule = (inForce) => {
  const found = poolAndLimit(inForce);
  if (found === undefined || found.pool >= found.limit) return undefined;
  const { pool, limit } = found;
  return {
    settings: [number(limit, "concurrency.limit", "concurrency"), number(pool, ...POOL)],
    says: (calls, connections) =>
      `${calls} lets more calls through than ${connections} can carry: the others hold their place while they wait for a connection; make both the same.`,
  };
};

const poolIsTooLarge: Rule = (inForce) => {
  const found = poolAndLimit(inForce);
  if (found === undefined || found.pool <= found.limit || !POOL.some((name) => inForce.isWritten([name])))
    return undefined;
  const { pool, limit } = found;
  return {
    settings: [number(pool, ...POOL), number(limit, "concurrency.limit", "concurrency")],
    says: (connections, calls) =>
      `${connections} is more than ${calls} ever lets calls use at a time; make both the same.`,
  };
};

const hedgeHasNoConnection: Rule = ({ policies: { hedge }, poolSize }) =>
  hedge === undefined || poolSize !== 1
    ? undefined
    : {
        settings: [{ names: [["hedge"]], value: "on" }, number(poolSize, ...POOL)],
        says: (second, connections) =>
          `${second} sends second tries, but ${connections} leaves them no connection while the first has it; raise it.`,
      };

const oneCallOpensTheCircuit: Rule = ({ policies }) => {
  const { circuitBreaker: breaker } = policies;
  if (breaker === undefined) return undefined;
  const standard = breaker.failureRate === undefined ? FAILURES_IN_A_ROW : Infinity;
  const failures = breaker.failures ?? standard;
  const attempts = retryAttempts(policies);
  if (failures >= attempts) return undefined;
  return {
    settings: [number(failures, "circuitBreaker.failures", "circuitBreaker"), attemptsSetting(attempts)],
    says: (most, tries) =>
      `${most} is reached by one call alone, whose further tries are then refused, because ${tries} allows more; raise the first or lower the second.`,
  };
};

const rateIsTooSlowToJudge: Rule = ({ policies: { circuitBreaker: breaker, rateLimit } }) => {
  if (breaker?.failureRate === undefined || breaker.failures !== undefined) return undefined;
  if (rateLimit === undefined || rateLimit.requests === "learned" || rateLimit.key !== undefined) return undefined;
  const { requests, window = 1, burst = requests } = rateLimit;
  const { minimumCalls } = breaker;
  const most = Math.floor((requests * breaker.window) / window + burst);
  if (minimumCalls <= most) return undefined;
  return {
    settings: [
      number(minimumCalls, "circuitBreaker.minimumCalls"),
      time(breaker.window, "circuitBreaker.window"),
      number(requests, "rateLimit.requests"),
    ],
    says: (least, within, rate) =>
      `${least} are never made in ${within}, in which ${rate} lets ${most} tries pass at most: the circuit never opens; lower the first or widen the window.`,
  };
};

const budgetPaysForNothing: Rule = ({ policies }) => {
  const { budget } = policies.retry;
  const attempts = retryAttempts(policies);
  if (budget === false || budget.ratio > 0 || budget.minPerSecond > 0) return undefined;
  if (attempts === 1 && policies.hedge === undefined) return undefined;
  return {
    settings: [
      number(budget.ratio, "retry.budget.ratio"),
      number(budget.minPerSecond, "retry.budget.minPerSecond"),
      attemptsSetting(attempts),
    ],
    says: (ratio, floor, tries) =>
      `${ratio} and ${floor} pay for no second try, whatever ${tries} allows; raise one of them, or set retryAttempts to 1.`,
  };
};

const rulesWithoutRepeats: Rule = ({ policies }) =>
  policies.retry.on.length === 0 || retryAttempts(policies) > 1
    ? undefined
    : {
        settings: [number(policies.retry.on.length, "retry.on"), attemptsSetting(1)],
        says: (rules, tries) => `${rules} says what is repeated, but ${tries} lets nothing be repeated; raise it.`,
      };

const tagsNobodyOutdates: Rule = ({ policies: { cache, invalidates = {} } }) => {
  const outdated = Object.values(invalidates).flatMap((each) => outdatedBy(each).tags ?? []);
  return Object.entries(cache?.operations ?? {}).flatMap(([name, { tags = [] }]) =>
    tags
      .filter((tag) => !outdated.some((each) => canMeet(tag, each)))
      .map((tag) => ({
        settings: [{ names: [["cache", "operations", name, "tags"]], value: tag }],
        says: (tags: string) => `${tags} is outdated by nothing; name it in invalidates, or leave it out.`,
      })),
  );
};

export const loadRules: readonly Rule[] = [
  poolIsTooSmall,
  poolIsTooLarge,
  hedgeHasNoConnection,
  oneCallOpensTheCircuit,
  rateIsTooSlowToJudge,
  budgetPaysForNothing,
  rulesWithoutRepeats,
  tagsNobodyOutdates,
];
