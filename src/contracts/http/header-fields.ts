/**
 * Header fields as they may be sent (RFC 9110 section 5).
 *
 * A line break in a value would let a caller write a second header or a second request; a control character is never
 * meant. What frames the message on its connection is the connector's own business.
 */
import { z } from "zod";
import type { AnswerHeaders } from "../../core/failed-answer.ts";

export type { AnswerHeaders } from "../../core/failed-answer.ts";

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Fields that say where a message ends or what becomes of its connection. */
const FRAMING = new Set([
  ...["connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "proxy-connection"],
  ...["te", "trailer", "transfer-encoding", "upgrade"],
]);

/** What is wrong with a field, without its value; `undefined` where nothing is. */
export function headerProblem(name: string, value: string): string | undefined {
  if (!NAME.test(name)) return "the name of a header has characters that HTTP does not allow";
  if (FRAMING.has(name.toLowerCase())) return `the header "${name}" is set by the connector itself`;
  if (!VALUE.test(value)) return `the value of the header "${name}" has line breaks or characters beyond Latin-1`;
  return undefined;
}

/** Headers of one call, by name. */
export const headerFields = z.record(z.string(), z.string()).superRefine((headers, context) => {
  for (const [name, value] of Object.entries(headers)) {
    const message = headerProblem(name, value);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  }
});

/** One field of an answer as text; several lines of it joined as RFC 9110 section 5.3 says. */
export function headerOf(headers: AnswerHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" || value === undefined ? value : value.join(", ");
}
