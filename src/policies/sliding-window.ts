/**
 * Counts of the last while, in ten slices: constant memory and constant time, exact to a tenth of the window.
 *
 * What has been counted leaves between nine and ten tenths of the window later. An instant older than the latest one
 * counts as the latest.
 */
const SLICES = 10;

export class SlidingWindow {
  readonly #sliceMs: number;
  readonly #all = new Float64Array(SLICES);
  readonly #marked = new Float64Array(SLICES);
  #allSum = 0;
  #markedSum = 0;
  /** Number of the latest slice, counted from the start of the clock, its index, and when it is over. */
  #latest = -Infinity;
  #at = 0;
  #endsAt = -Infinity;

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
  }

  add(now: number, isMarked = false): void {
    const at = this.#turn(now);
    this.#all[at]!++;
    this.#allSum++;
    if (!isMarked) return;
    this.#marked[at]!++;
    this.#markedSum++;
  }

  /** Everything counted in the window. */
  total(now: number): number {
    this.#turn(now);
    return this.#allSum;
  }

  /** What was marked in the window. */
  marked(now: number): number {
    this.#turn(now);
    return this.#markedSum;
  }

  clear(): void {
    this.#all.fill(0);
    this.#marked.fill(0);
    this.#allSum = this.#markedSum = 0;
  }

  /** Empties the slices that have left the window; answers with the index of the latest one. */
  #turn(now: number): number {
    if (now < this.#endsAt) return this.#at;
    const slice = Math.floor(now / this.#sliceMs);
    const oldest = Math.max(this.#latest + 1, slice - SLICES + 1);
    for (let gone = oldest; gone <= slice; gone++) {
      const at = indexOf(gone);
      this.#allSum -= this.#all[at]!;
      this.#markedSum -= this.#marked[at]!;
      this.#all[at] = this.#marked[at] = 0;
    }
    this.#latest = Math.max(this.#latest, slice);
    this.#at = indexOf(this.#latest);
    this.#endsAt = (this.#latest + 1) * this.#sliceMs;
    return this.#at;
  }
}

/** Instants may be negative: a clock starts where it likes. */
function indexOf(slice: number): number {
  return ((slice % SLICES) + SLICES) % SLICES;
}
