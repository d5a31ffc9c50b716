/**
 * Time-outs by the hundred thousand, nearly all of them cancelled.
 *
 * A connector arms the same few durations again and again, so each duration has a list in order of expiry: arming appends,
 * cancelling unlinks, and one real timer per list waits for its head (G. Varghese, T. Lauck, "Hashed and Hierarchical
 * Timing Wheels", 1987, scheme 2 per duration; Node's own timers are built so). A list that holds nothing does not keep
 * the process alive. Resolution is that of `setTimeout`, one millisecond; nothing fires early.
 */
export interface Timer {
  /** When it fires, unless it is cancelled. */
  readonly dueAt: number;
  cancel(): void;
}

class Entry implements Timer {
  // Declared only: fields that are defined here and set by the constructor are written twice.
  declare readonly list: TimerList;
  declare readonly dueAt: number;
  declare run: (() => void) | undefined;
  previous: Entry | undefined;
  next: Entry | undefined;

  constructor(list: TimerList, dueAt: number, run: () => void) {
    this.list = list;
    this.dueAt = dueAt;
    this.run = run;
  }

  cancel(): void {
    if (this.run === undefined) return;
    this.run = undefined;
    this.list.remove(this);
  }
}

class TimerList {
  readonly #durationMs: number;
  readonly #now: () => number;
  readonly #onEmpty: () => void;
  #head: Entry | undefined;
  #tail: Entry | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(durationMs: number, now: () => number, onEmpty: () => void) {
    this.#durationMs = durationMs;
    this.#now = now;
    this.#onEmpty = onEmpty;
  }

  add(run: () => void, now: number): Timer {
    const entry = new Entry(this, now + this.#durationMs, run);
    entry.previous = this.#tail;
    if (this.#tail === undefined) this.#head = entry;
    else this.#tail.next = entry;
    this.#tail = entry;
    if (this.#timer === undefined) this.#arm(this.#durationMs);
    else if (this.#head === entry) this.#timer.ref();
    return entry;
  }

  remove(entry: Entry): void {
    if (entry.previous === undefined) this.#head = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === undefined) this.#tail = entry.previous;
    else entry.next.previous = entry.previous;
    if (this.#head === undefined) this.#timer?.unref();
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(() => this.#fire(), Math.max(1, Math.ceil(delayMs)));
  }

  #fire(): void {
    // `#timer` stays set meanwhile, so that what is added by a callback does not arm a second one.
    const now = this.#now();
    try {
      while (this.#head !== undefined && this.#head.dueAt <= now) {
        const { run } = this.#head;
        this.#head.run = undefined;
        this.remove(this.#head);
        run?.();
      }
    } finally {
      // Also where a callback throws: the time-outs behind it are other people's.
      this.#timer = undefined;
      if (this.#head === undefined) this.#onEmpty();
      else this.#arm(this.#head.dueAt - this.#now());
    }
  }
}

/** Beyond this many different durations the lists would cost more than they save. */
const MOST_LISTS = 64;

/** One list per duration. */
export class TimerLists {
  readonly #lists = new Map<number, TimerList>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(durationMs: number, run: () => void, now = this.#now()): Timer {
    let list = this.#lists.get(durationMs);
    if (list === undefined) {
      if (this.#lists.size >= MOST_LISTS) {
        const timer = setTimeout(run, Math.ceil(durationMs));
        return { dueAt: now + durationMs, cancel: () => clearTimeout(timer) };
      }
      list = new TimerList(durationMs, this.#now, () => this.#lists.delete(durationMs));
      this.#lists.set(durationMs, list);
    }
    return list.add(run, now);
  }
}
