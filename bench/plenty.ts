/** A rate limit that is never reached: what is measured is the policy and not the wait. */
export const PLENTY = { requests: 1_000_000_000, window: 1000 };
