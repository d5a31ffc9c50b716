/**
 * Settings that are right one by one and make no sense together.
 *
 * Each rule is a function of what is in force; it says what comes of the settings that it names, and what to do. Nothing
 * is refused for it: there may be a reason that nobody here knows.
 */
import type { Contradiction, InForce, Rule } from "./contradiction-rule.ts";
import { loadRules } from "./load-contradictions.ts";
import { timeRules } from "./time-contradictions.ts";

const RULES: readonly Rule[] = [...timeRules, ...loadRules];

/** Everything that contradicts itself. */
export function contradictions(inForce: InForce): Contradiction[] {
  return RULES.flatMap((rule) => rule(inForce) ?? []);
}
