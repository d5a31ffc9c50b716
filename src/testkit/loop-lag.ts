/**
 * How long this process was kept from running, so that what is measured on a busy machine can be told from what it did
 * by itself.
 *
 * A timer of 2 ms is the control: it runs beside whatever is measured, on the same event loop. By how much it comes late
 * is time in which nothing could run here. Of that the processor time that this process used itself is taken off, or
 * code that blocks the event loop would excuse itself.
 */
import { systemClock } from "../core/clock.ts";

const EVERY_MS = 2;
/** Timers come in whole milliseconds. */
const USUAL_MS = 1.5;

/** Measures from its making to `stop`. */
export class LoopLag {
  #lostMs = 0;
  #dueAt = 0;
  #cpu = process.cpuUsage();
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#arm();
  }

  /** Milliseconds lost so far. */
  get lostMs(): number {
    this.#count();
    return this.#lostMs;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(): void {
    this.#dueAt = systemClock.now() + EVERY_MS;
    this.#timer = setTimeout(() => {
      this.#count();
      this.#arm();
    }, EVERY_MS).unref();
  }

  /** Counts what is late by now; the timer that is still to come is late from now on. */
  #count(): void {
    const now = systemClock.now();
    const lateMs = now - this.#dueAt - USUAL_MS;
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    if (lateMs <= 0) return;
    this.#lostMs += Math.max(0, lateMs - (user + system) / 1000);
    this.#dueAt = now;
  }
}
