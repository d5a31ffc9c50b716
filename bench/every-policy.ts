/** The policies of a well-guarded connector, with limits that are never reached: measured is the policy, not the wait. */
export const EVERY_POLICY = {
  timeout: 30_000,
  concurrency: 1_000,
  retryAttempts: 3,
  circuitBreaker: true,
  rateLimit: { requests: 1_000_000_000, window: 1_000 },
  attemptTimeout: 10_000,
} as const;
