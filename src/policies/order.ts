/**
 * The order in which a call passes the policies, from the outside in: fixed, and written down here only.
 *
 * A cached answer costs nothing below it; one deadline covers queueing, waits and tries; the breaker and the limiter see
 * tries, because the system sees tries; injected faults meet every policy as the system's own would. The pipeline is built
 * in this order, and `busbar explain` and the pages of the docs show it.
 */

/** What is known of a policy beside its code. */
export interface PolicyFacts {
  /** Of its module and its page. */
  readonly name: string;
  readonly title: string;
  /** Its names in `options`. */
  readonly settings: readonly string[];
  /** They as YAML. */
  readonly example?: string;
  /** The policy that this one only works for; it has no page of its own. */
  readonly partOf?: string;
}

export const ORDER = [
  { name: "observe", title: "Observation", settings: [] },
  {
    name: "cache",
    title: "Cache",
    settings: ["cache", "invalidates"],
    example:
      'cache: { operations: { head: 1m, get: { ttl: 1m, tags: ["item:{input.path}"] } } }\ninvalidates: { put: { tags: ["item:{input.path}"] }, post: [get] }',
  },
  { name: "deadline", title: "Deadline", settings: ["timeout"], example: "timeout: 30s" },
  { name: "concurrency", title: "Concurrency limit", settings: ["concurrency"], example: "concurrency: 20" },
  { name: "retry-budget", title: "Retry budget", settings: [], partOf: "retry" },
  { name: "hedge", title: "Hedging", settings: ["hedge"], example: "hedge: true" },
  {
    name: "retry",
    title: "Retry",
    settings: ["retryAttempts", "retry"],
    example: "retryAttempts: 5\nretry: { delay: 200ms, maxDelay: 10s }",
  },
  { name: "renewal", title: "Credential renewal", settings: [] },
  { name: "circuit-breaker", title: "Circuit breaker", settings: ["circuitBreaker"], example: "circuitBreaker: true" },
  {
    name: "rate-limit",
    title: "Rate limit",
    settings: ["rateLimit"],
    example: "rateLimit: { requests: 100, window: 1m }",
  },
  { name: "observe-attempts", title: "Observation of tries", settings: [], partOf: "observe" },
  { name: "attempt-timeout", title: "Attempt timeout", settings: ["attemptTimeout"], example: "attemptTimeout: 5s" },
  {
    name: "faults",
    title: "Failures on purpose",
    settings: ["faults"],
    example: "faults: { rules: [{ rate: 0.1, fail: { kind: unavailable } }] }",
  },
] as const satisfies readonly PolicyFacts[];

export type PolicyName = (typeof ORDER)[number]["name"];

/** Those that users know. */
export const POLICIES: readonly PolicyFacts[] = ORDER.filter((each: PolicyFacts) => each.partOf === undefined);
