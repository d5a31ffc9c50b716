/**
 * How long to wait, as the system says it (RFC 9110 section 10.2.3): seconds, or a date.
 *
 * A date is compared with the server's own clock where its answer tells the time, so that two clocks that disagree do no
 * harm. A date in the past means now. More than a day is taken as a day: nobody waits longer on purpose, and one slip of
 * a server must not park a connector for a year. What is neither is not understood and counts as nothing said.
 */
const LONGEST_MS = 24 * 3_600_000;

export interface RetryAfterFacts {
  /** The answer's `Date`. */
  readonly date: string | undefined;
  /** Milliseconds since 1970, for an answer without `Date`. */
  readonly wallMs: number;
}

/** Milliseconds of a `Retry-After`, 0 to one day; `undefined` where there is none or it makes no sense. */
export function retryAfterMs(value: string | undefined, { date, wallMs }: RetryAfterFacts): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_MS);
  // A lenient parser would take "-5" for the month of May.
  if (!/^[A-Za-z]{3,9}, /.test(text)) return undefined;
  const until = Date.parse(text);
  if (Number.isNaN(until)) return undefined;
  const servers = date === undefined ? NaN : Date.parse(date);
  return Math.min(Math.max(0, until - (Number.isNaN(servers) ? wallMs : servers)), LONGEST_MS);
}
