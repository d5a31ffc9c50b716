/** What each effect means to whoever calls, in one sentence. */
import type { Effect } from "../core/operation.ts";

export const EFFECT_WORDS: Readonly<Record<Effect, string>> = {
  read: "Changes nothing; repeated whenever that can help.",
  idempotent: "Doing it twice is as doing it once; repeated whenever that can help.",
  keyed: "Made repeatable by an idempotency key that reaches the system.",
  unsafe: "Doing it twice does it twice; repeated only where the system certainly has not carried it out.",
  unknown:
    "Only the system can tell; repeated where it has certainly not been carried out, else only so that the system refuses writes.",
};
