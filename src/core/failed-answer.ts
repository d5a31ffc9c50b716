/**
 * What a system answered when it refused a call.
 *
 * A connector keeps it in the error's cause, where nothing prints it: bodies hold values. Policies look into it to learn
 * limits and to match a user's rules, and pass on nothing of what they find.
 */
import type { ConnectorError } from "./errors.ts";

/** Headers of an answer: names in lower case, a list where a field came more than once. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface FailedAnswer {
  readonly headers?: AnswerHeaders;
  /** The body: text, or what it was parsed to. */
  readonly data?: unknown;
}

/** The answer that an error came from; `undefined` where there was none. */
export function failedAnswerOf({ cause }: ConnectorError): FailedAnswer | undefined {
  return cause instanceof Error && ("headers" in cause || "data" in cause) ? (cause as FailedAnswer) : undefined;
}
