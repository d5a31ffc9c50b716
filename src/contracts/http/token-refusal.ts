/**
 * How an API says that it no longer takes a token.
 *
 * The word for it is 401 (RFC 6750), and that is always understood. Some say 403 or 404 instead, and some 200 with an error
 * in the body: those are told apart by rules, which add to the 401 and take nothing away.
 */
import { z } from "zod";
import { decompressed, UnusableAnswer } from "./answer-body.ts";
import { headerOf } from "./header-fields.ts";
import type { WireAnswer } from "./wire.ts";

/** Bytes of a body that a rule looks at. */
const MOST_BYTES = 65_536;

function compiled(text: string): RegExp | undefined {
  try {
    return new RegExp(text, "iu");
  } catch {
    return undefined;
  }
}

const rule = z
  .strictObject({
    status: z.int().min(100).max(599).optional().meta({ description: "HTTP status of the answer." }),
    bodyMatches: z
      .string()
      .min(1)
      .refine((text) => compiled(text) !== undefined, "expected a regular expression")
      .optional()
      .meta({ description: "Regular expression found in the answer's body, upper and lower case alike." }),
  })
  .refine(({ status, bodyMatches }) => (status ?? bodyMatches) !== undefined, {
    error: "fits every answer; give it a status or bodyMatches",
  });

export const renewOnField = z
  .array(rule)
  .default([])
  .meta({
    description:
      "Answers that mean, beside 401, that a token is no longer taken: it is renewed and the request sent once more. A rule fits where all that it says fits.",
    examples: [[{ status: 403 }, { status: 200, bodyMatches: "token expired" }]],
  });

export type RenewOn = z.output<typeof renewOnField>;

/** Whether an answer refuses the token that came with the request. */
export type TokenRefusal = (answer: WireAnswer) => boolean | Promise<boolean>;

/** @param mostBytes that a body may have, decompressed. */
export function tokenRefusal(rules: RenewOn, mostBytes: number): TokenRefusal {
  const tests = rules.map(({ status, bodyMatches }) => ({
    status,
    body: bodyMatches === undefined ? undefined : compiled(bodyMatches),
  }));
  return (answer) => {
    if (answer.status === 401) return true;
    const near = tests.filter(({ status }) => status === undefined || status === answer.status);
    if (near.length === 0) return false;
    if (near.some(({ body }) => body === undefined)) return true;
    return textOf(answer, mostBytes).then((text) => near.some(({ body }) => body!.test(text)));
  };
}

/** An answer to a request with a token. */
export interface JudgedAnswer {
  readonly answer: WireAnswer;
  readonly isRefused: boolean;
}

/** The answer, unless it is a refusal that looks like one that can be used. */
export function usable({ answer, isRefused }: JudgedAnswer): WireAnswer {
  if (isRefused && answer.status < 400) throw new UnusableAnswer("unauthenticated", "a refusal of the token");
  return answer;
}

/** What cannot be read matches nothing. */
async function textOf({ headers, body }: WireAnswer, mostBytes: number): Promise<string> {
  const coding = headerOf(headers, "content-encoding");
  const bytes = coding === undefined ? body : await decompressed(body, coding, mostBytes).catch(() => Buffer.alloc(0));
  return bytes.subarray(0, MOST_BYTES).toString("utf8");
}
