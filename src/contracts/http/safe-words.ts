/** The few words of an answer that a message may show: they name a kind of failure and do not repeat what was sent. */
import { headerOf, type AnswerHeaders } from "./header-fields.ts";

const LONGEST = 160;

/** Text of a server made fit for one line. */
export function oneLine(text: string): string {
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean;
}

/** A problem's title (RFC 9457), or the error of a refused credential (RFC 6750 section 3). */
export function safeWords(status: number, headers: AnswerHeaders, data: unknown): string | undefined {
  if (headerOf(headers, "content-type")?.toLowerCase().startsWith("application/problem+json") === true) {
    const title: unknown = typeof data === "object" && data !== null && "title" in data ? data.title : undefined;
    if (typeof title === "string" && title !== "") return oneLine(title);
  }
  if (status !== 401) return undefined;
  const challenge = headerOf(headers, "www-authenticate") ?? "";
  const parts = ["error", "error_description"].flatMap((name) => {
    const found = new RegExp(`\\b${name}="([^"]*)"`, "i").exec(challenge)?.[1];
    return found === undefined ? [] : [oneLine(found)];
  });
  return parts.length === 0 ? undefined : parts.join(", ");
}
