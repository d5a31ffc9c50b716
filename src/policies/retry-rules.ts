/**
 * What the user says about repeating, on top of what the kinds of errors say.
 *
 * `on` makes further failures repeatable, `never` wins over everything. Neither touches the effect: a failure that leaves
 * open whether an unsafe call was carried out ends the call, whatever the rules say, because no setting can make a second
 * order harmless. Whoever knows that it is says so about the call: with an idempotency key, or `effect: "idempotent"`.
 *
 * A refusal of our own circuit breaker or rate limit is not repeated unless a rule says so: it is meant to end the call.
 */
import { z } from "zod";
import { canonicalText } from "../core/canonical.ts";
import { KINDS, type ConnectorError, type Kind } from "../core/errors.ts";
import { failedAnswerOf } from "../core/failed-answer.ts";
import type { Effect } from "../core/operation.ts";
import { mayRepeat, type Repetition } from "../core/repeat.ts";

const kinds = Object.keys(KINDS) as [Kind, ...Kind[]];

/** Policies inside of retry that refuse a call for good. */
const REFUSERS: ReadonlySet<string | undefined> = new Set(["circuit breaker", "rate limit"]);

/** Characters of a body that a rule looks at. */
const MOST_TEXT = 65_536;

const pattern = z
  .string()
  .min(1)
  .refine((text) => compiled(text) !== undefined, "expected a regular expression");

const rule = z
  .strictObject({
    kind: z.enum(kinds).optional().meta({ description: "Kind of the failure." }),
    status: z.int().min(100).max(599).optional().meta({ description: "HTTP status of the answer." }),
    code: z.string().min(1).optional().meta({ description: "The system's own code: SQLSTATE, errno, …" }),
    bodyMatches: pattern.optional().meta({
      description:
        "Regular expression found in the answer's body, upper and lower case alike; JSON is read without spaces and with its keys in order.",
    }),
  })
  .refine((each) => Object.values(each).some((value) => value !== undefined), {
    error: "fits every failure; give it a kind, a status, a code or bodyMatches",
  });

export type RetryRule = z.output<typeof rule>;

const rules = z.array(rule).default([]);

export const retryOnSetting = rules.meta({
  description:
    "Failures that are repeated beside those that always are. A rule fits where all that it says fits. An unsafe call whose outcome is unknown is not repeated all the same.",
  examples: [[{ status: 409 }, { bodyMatches: "try again" }]],
});

export const retryNeverSetting = rules.meta({ description: "Failures that are never repeated; wins over everything." });

export interface RetryRules {
  readonly on: readonly RetryRule[];
  readonly never: readonly RetryRule[];
}

/** Says of an error what `mayRepeat` says, with the rules applied. */
export function repeatBy({
  on = [],
  never = [],
}: Partial<RetryRules>): (error: ConnectorError, effect: Effect) => Repetition {
  const isOn = matcher(on);
  const isNever = matcher(never);
  return (error, effect) => {
    if (isNever(error)) return "no";
    if (isOn(error)) return mayRepeat(error, effect, "if-repeatable");
    return REFUSERS.has(error.by) ? "no" : mayRepeat(error, effect);
  };
}

function matcher(all: readonly RetryRule[]): (error: ConnectorError) => boolean {
  const tests = all.map(({ kind, status, code, bodyMatches }) => {
    const body = bodyMatches === undefined ? undefined : compiled(bodyMatches);
    return (error: ConnectorError) =>
      (kind === undefined || kind === error.kind) &&
      (status === undefined || status === error.status) &&
      (code === undefined || code === error.code) &&
      (body === undefined || body.test(bodyOf(error)));
  });
  return (error) => tests.some((fits) => fits(error));
}

function compiled(text: string): RegExp | undefined {
  try {
    return new RegExp(text, "iu");
  } catch {
    return undefined;
  }
}

function bodyOf(error: ConnectorError): string {
  const data = failedAnswerOf(error)?.data;
  if (data === undefined || data instanceof Uint8Array) return "";
  return (typeof data === "string" ? data : (canonicalText(data) ?? "")).slice(0, MOST_TEXT);
}
