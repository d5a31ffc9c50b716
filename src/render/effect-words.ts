/** What each effect means to whoever calls, in one sentence. */
import type { Effect, Operation } from "../core/operation.ts";

export const EFFECT_WORDS: Readonly<Record<Effect, string>> = {
  read: "Changes nothing; repeated whenever that can help.",
  idempotent: "Doing it twice is as doing it once; repeated whenever that can help.",
  keyed: "Made repeatable by an idempotency key that reaches the system.",
  unsafe: "Doing it twice does it twice; repeated only where the system certainly has not carried it out.",
  unknown:
    "Only the system can tell; repeated where it has certainly not been carried out, else only so that the system refuses writes.",
};

/** The effect of an operation; where it hangs on the call, on what. Names of effects stand in backticks. */
export function effectText({ effect, effectOf, effectWhen }: Operation): string {
  return effectWhen ?? (effectOf === undefined ? `\`${effect}\`` : "by its input");
}

/** The effects that an operation's calls have, as far as `effectText` names them. */
export function effectsIn(operation: Operation): readonly Effect[] {
  const text = effectText(operation);
  // The table has nothing but effects for keys.
  return (Object.keys(EFFECT_WORDS) as Effect[]).filter((effect) => text.includes(`\`${effect}\``));
}
