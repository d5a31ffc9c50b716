/**
 * Which share of the tries failed lately.
 *
 * Two counts side by side, the one that runs and the one before it, cover between one and two windows of time. An answer
 * only adds one to a number: nobody looks at the clock while all is well. What was answered in such a long calm counts as
 * if it had come evenly.
 */
interface Count {
  readonly answered: number;
  readonly failed: number;
}

const NOTHING: Count = { answered: 0, failed: 0 };

/** The latest tries of one connector, counted. */
export class FailureShare {
  /** Tries answered in the running count; whoever hears of one adds it here. */
  answered = 0;
  readonly #windowMs: number;
  #failed = 0;
  #since: number;
  #before = NOTHING;

  constructor(windowMs: number, now: number) {
    this.#windowMs = windowMs;
    this.#since = now;
  }

  /** Counts a failure. */
  fail(now: number): void {
    this.#turn(now);
    this.#failed++;
  }

  /** Between 0 and 1; 0 where fewer than `fewest` failed, which say nothing. */
  at(now: number, fewest: number): number {
    this.#turn(now);
    const failed = this.#failed + this.#before.failed;
    return failed < fewest ? 0 : failed / (failed + this.answered + this.#before.answered);
  }

  /** Forgets everything. */
  clear(now: number): void {
    this.answered = this.#failed = 0;
    this.#since = now;
    this.#before = NOTHING;
  }

  #turn(now: number): void {
    const elapsedMs = now - this.#since;
    if (elapsedMs < this.#windowMs) return;
    // A failure always turns the count, so all of them lie in its first window.
    const failed = elapsedMs < 2 * this.#windowMs ? this.#failed : 0;
    this.#before = { answered: this.answered * (this.#windowMs / elapsedMs), failed };
    this.answered = this.#failed = 0;
    this.#since = now;
  }
}
