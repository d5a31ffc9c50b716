/**
 * Which statements are brief, by experience: only they may stand in a lane, where others wait behind them.
 *
 * A statement is brief when it was answered soon the last few times, and only ever as a SELECT; one slow answer, and it
 * has to prove itself anew. That is soon done, as a busy machine makes any statement slow now and then, and needs lanes the
 * most. Being slow in a lane is another matter: that takes the trust away for a moment, each further time for twice as
 * long, up to a minute, and a minute without is a new beginning.
 */

/** Brief runs one after the other before a statement is trusted. */
const RUNS = 5;
/** Longest answer of a brief statement, waiting for the event loop included. */
const LONGEST_MS = 10;
/** For so long one that was slow in a lane is not trusted again, the first time and at most. */
const FIRST_PROBATION_MS = 100;
const LONGEST_PROBATION_MS = 60_000;
/** Texts that are remembered. */
const MOST = 512;
/** Longer texts are mostly made for one call. */
const LONGEST_TEXT = 8 * 1024;

interface Experience {
  runs: number;
  /** Until then, runs do not count. */
  readonly notBefore: number;
  readonly probationMs: number;
}

export class BriefStatements {
  readonly #known = new Map<string, Experience>();

  isBrief(sql: string): boolean {
    return (this.#known.get(sql)?.runs ?? 0) >= RUNS;
  }

  /** What a statement that ran by itself took. */
  learn(
    sql: string,
    { tookMs, command, now }: { readonly tookMs: number; readonly command: string; readonly now: number },
  ): void {
    if (command !== "SELECT" || sql.length > LONGEST_TEXT) return;
    const isSlow = tookMs > LONGEST_MS;
    const known = this.#known.get(sql);
    if (known === undefined) this.#add(sql, { runs: isSlow ? 0 : 1, notBefore: 0, probationMs: 0 });
    else if (isSlow) known.runs = 0;
    else if (known.runs < RUNS && now >= known.notBefore) known.runs++;
  }

  /** It was slow in a lane. */
  distrust(sql: string, now: number): void {
    const { notBefore, probationMs } = this.#known.get(sql) ?? { notBefore: 0, probationMs: 0 };
    // Those that were sent together were slow together.
    if (now < notBefore) return;
    const isNew = probationMs === 0 || now - notBefore > LONGEST_PROBATION_MS;
    const next = isNew ? FIRST_PROBATION_MS : Math.min(2 * probationMs, LONGEST_PROBATION_MS);
    this.#add(sql, { runs: 0, notBefore: now + next, probationMs: next });
  }

  #add(sql: string, experience: Experience): void {
    this.#known.set(sql, experience);
    if (this.#known.size <= MOST) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
