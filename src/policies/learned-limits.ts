/**
 * What an answer tells of a quota.
 *
 * Systems say in headers how many calls are left and when the quota comes back: `RateLimit-Remaining` and `-Reset` (drafts
 * 3 to 6 of draft-ietf-httpapi-ratelimit-headers), `RateLimit: …` (7 and later), and `X-RateLimit-*` in the dialects of
 * the large APIs: seconds, seconds or milliseconds since 1970, dates, "6m0s", quotas side by side under longer names.
 *
 * Only a quota that is used up *and* comes back at a known time in the future holds calls back. A trailing `remaining: 0`
 * from just before the roll-over has its reset in the past and parks nobody. Instants are compared with the server's own
 * clock where the answer tells its time, and nobody is parked for more than an hour on one header's word.
 */
import type { AnswerHeaders } from "../core/failed-answer.ts";

const LONGEST_MS = 3_600_000;

/** Numbers beyond are instants: seconds since 1970 from 2001 on, milliseconds from 1973 on. */
const EPOCH_SECONDS = 1e9;
const EPOCH_MS = 1e11;

/** Milliseconds until a quota that is used up comes back; `undefined` where none is, or nobody knows until when. */
export function quotaWaitMs(headers: AnswerHeaders, wallMs: number): number | undefined {
  let longest = 0;
  for (const name in headers) {
    if (name === "ratelimit") longest = Math.max(longest, ...combined(headers[name]));
    else if (name.includes("remaining") && /rate-?limit/.test(name) && isUsedUp(textOf(headers[name]))) {
      const after = textOf(headers[name.replace("remaining", "reset-after")]);
      const reset = after ?? textOf(headers[name.replace("remaining", "reset")]);
      if (reset !== undefined) longest = Math.max(longest, untilReset(reset, textOf(headers["date"]), wallMs));
    }
  }
  return longest > 0 ? Math.min(longest, LONGEST_MS) : undefined;
}

const textOf = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === "string" ? value.trim() : value?.at(-1)?.trim();

const isUsedUp = (remaining: string | undefined): boolean =>
  remaining !== undefined && /^-?\d/.test(remaining) && Number(remaining) <= 0;

/** The waits of `"quota";r=0;t=30, …`, and of the older `limit=100, remaining=0, reset=30`. */
function combined(value: AnswerHeaders[string]): number[] {
  if (value === undefined) return [];
  // Lines of one list; what the quotas are called is of no interest, and may have anything in it.
  const text = [value]
    .flat()
    .join(", ")
    .replace(/"[^"]*"/g, "");
  const quotas = /\bremaining=/.test(text) ? [text] : text.split(",");
  return quotas.map((quota) => {
    const left = /(?:^|[;,\s])(?:r|remaining)=(\d+)(?=\s*(?:[;,]|$))/.exec(quota)?.[1];
    const seconds = /(?:^|[;,\s])(?:t|reset)=(\d+)(?=\s*(?:[;,]|$))/.exec(quota)?.[1];
    return left !== undefined && Number(left) === 0 && seconds !== undefined ? Number(seconds) * 1_000 : 0;
  });
}

/** Milliseconds from now; 0 where the instant has passed or the text is not understood. */
function untilReset(text: string, date: string | undefined, wallMs: number): number {
  if (/^\d+(\.\d+)?$/.test(text)) {
    const number = Number(text);
    if (number < EPOCH_SECONDS) return number * 1_000;
    return Math.max(0, (number < EPOCH_MS ? number * 1_000 : number) - serversNow(date, wallMs));
  }
  // A lenient parser of dates would understand "-5".
  if (/^(\d{4}-\d\d-\d\dT|[A-Za-z]{3,9}, )/.test(text)) {
    const instant = Date.parse(text);
    return Number.isNaN(instant) ? 0 : Math.max(0, instant - serversNow(date, wallMs));
  }
  return durationMs(text);
}

function serversNow(date: string | undefined, wallMs: number): number {
  const told = date === undefined ? NaN : Date.parse(date);
  return Number.isNaN(told) ? wallMs : told;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** "6m0s", "1.5s", "120ms". */
function durationMs(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return 0;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) sum += Number(amount) * UNITS[unit!]!;
  return sum;
}
