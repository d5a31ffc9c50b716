/** A policy is a plain function around the rest of the way: `next => call => answer`. */
import type { Call } from "./call.ts";

export type Next = (call: Call) => Promise<unknown>;
export type Policy = (next: Next) => Next;

/** Nests policies, the first outermost, around `innermost`. A policy left out (`undefined`) costs nothing. */
export function compose(policies: readonly (Policy | undefined)[], innermost: Next): Next {
  return policies.reduceRight<Next>((next, policy) => (policy === undefined ? next : policy(next)), innermost);
}
