/** How long the last calls took, and a percentile of that, computed anew every so often. */
const SIZE = 200;
/** Fewer say nothing about the tail. */
const ENOUGH = 20;
const REFRESH_EVERY = 20;

export class LatencySample {
  readonly #share: number;
  readonly #ring = new Float64Array(SIZE);
  #count = 0;
  #percentile: number | undefined;

  /** @param share of the calls that took no longer than the percentile: 0.95. */
  constructor(share: number) {
    this.#share = share;
  }

  add(ms: number): void {
    this.#ring[this.#count % SIZE] = ms;
    this.#count++;
    if (this.#count < ENOUGH || this.#count % REFRESH_EVERY !== 0) return;
    const sorted = this.#ring.slice(0, Math.min(this.#count, SIZE)).sort();
    this.#percentile = sorted[Math.ceil(sorted.length * this.#share) - 1];
  }

  /** Milliseconds in which that share of the last calls was answered; `undefined` until there are enough of them. */
  get percentile(): number | undefined {
    return this.#percentile;
  }
}
