/**
 * Answers of many items.
 *
 * A stream starts when it is first read and settles exactly once: read out, broken off or failed. It is written by hand
 * because a generator that never starts never runs its `finally`: an unread stream would hold its slot for ever.
 * Opening, the first batch included, runs through the policies and may be retried; what comes after is never repeated.
 *
 * Items travel in batches inside, because a driver reads many at a time and a promise per item and layer costs more than
 * the item. Handlers yield items, or arrays of them marked by `inBatches`; readers take items or `batches()`.
 */
import { ConnectorError } from "./errors.ts";

const BATCHES: unique symbol = Symbol("busbar.batches");

/** An iterable whose arrays are batches of items. */
export interface Batches<T> extends AsyncIterable<readonly T[]> {
  readonly [BATCHES]: true;
}

/** Marks an iterable of arrays: each array is a batch of items, not an item. */
export function inBatches<T>(source: AsyncIterable<readonly T[]>): Batches<T> {
  return { [BATCHES]: true, [Symbol.asyncIterator]: () => source[Symbol.asyncIterator]() };
}

function isInBatches<T>(source: AsyncIterable<T> | Batches<T>): source is Batches<T> {
  return BATCHES in source;
}

/** A stream on its way: the first batch is there, the rest can be read or broken off. */
export interface OpenedStream<T> {
  readonly first: readonly T[] | undefined;
  /** The next batch, or `undefined` at the end. */
  next(): Promise<readonly T[] | undefined>;
  /** Ends the work underneath; safe to call at any time. */
  close(): Promise<void>;
}

/** Reads the first batch of what a handler answered. */
export async function openStream<T>(source: AsyncIterable<T> | Batches<T>): Promise<OpenedStream<T>> {
  // What TypeScript refuses, JavaScript does not.
  if (typeof (source as Partial<typeof source> | undefined)?.[Symbol.asyncIterator] !== "function")
    throw new ConnectorError("internal", "The connector's handler answered with no async iterable");
  let next: () => Promise<readonly T[] | undefined>;
  let close: () => Promise<void>;
  if (isInBatches(source)) {
    const iterator = source[Symbol.asyncIterator]();
    next = async () => {
      const step = await iterator.next();
      return step.done === true ? undefined : step.value;
    };
    close = async () => void (await iterator.return?.());
  } else {
    const iterator = source[Symbol.asyncIterator]();
    next = async () => {
      const step = await iterator.next();
      return step.done === true ? undefined : [step.value];
    };
    close = async () => void (await iterator.return?.());
  }
  return { first: await next(), next, close };
}

/** What a caller reads. One reader at a time; breaking off a `for await` ends the work at the system. */
export interface ItemStream<T> extends AsyncIterableIterator<T>, AsyncDisposable {
  next(): Promise<IteratorResult<T, undefined>>;
  return(): Promise<IteratorResult<T, undefined>>;
  /** The same items as arrays, as they come from the system: the fast way for many items. */
  batches(): AsyncIterable<readonly T[]>;
}

const DONE: IteratorResult<never, undefined> = Object.freeze({ done: true, value: undefined });

class LazyStream<T> implements ItemStream<T> {
  readonly #open: () => Promise<OpenedStream<T>>;
  readonly #giveUp: () => void;
  #opened: OpenedStream<T> | undefined;
  #batch: readonly T[] = [];
  #at = 0;
  #isDone = false;
  /** The step under way; steps of one stream never overlap. */
  #step: Promise<unknown> | undefined;

  constructor(open: () => Promise<OpenedStream<T>>, giveUp: () => void) {
    this.#open = open;
    this.#giveUp = giveUp;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#step === undefined && this.#at < this.#batch.length)
      return Promise.resolve({ done: false, value: this.#batch[this.#at++]! });
    return this.#inTurn(async () => {
      while (this.#at >= this.#batch.length) {
        const batch = await this.#pull();
        if (batch === undefined) return DONE;
        this.#batch = batch;
        this.#at = 0;
      }
      return { done: false, value: this.#batch[this.#at++]! };
    });
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    const isOpening = this.#opened === undefined && this.#step !== undefined;
    this.#isDone = true;
    this.#batch = [];
    this.#at = 0;
    if (isOpening) this.#giveUp();
    await this.#opened?.close();
    return DONE;
  }

  batches(): AsyncIterable<readonly T[]> {
    const take = (): Promise<IteratorResult<readonly T[], undefined>> =>
      this.#inTurn(async () => {
        const rest = this.#at === 0 ? this.#batch : this.#batch.slice(this.#at);
        this.#batch = [];
        this.#at = 0;
        let batch: readonly T[] | undefined = rest;
        while (batch?.length === 0) batch = await this.#pull();
        return batch === undefined ? DONE : { done: false, value: batch };
      });
    const end = async (): Promise<IteratorResult<readonly T[], undefined>> => {
      await this.return();
      return DONE;
    };
    return { [Symbol.asyncIterator]: () => ({ next: take, return: end }) };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #pull(): Promise<readonly T[] | undefined> {
    if (this.#isDone) return undefined;
    try {
      if (this.#opened === undefined) {
        const opened = await this.#open();
        // Broken off while opening: nobody will read it, so nobody else would end it.
        if (this.#isDone) {
          await opened.close();
          return undefined;
        }
        this.#opened = opened;
        if (opened.first !== undefined) return opened.first;
      } else {
        const batch = await this.#opened.next();
        if (batch !== undefined) return this.#isDone ? undefined : batch;
      }
    } catch (error) {
      // Who broke off has no ear for what the breaking off did to the read under way.
      if (this.#isDone) return undefined;
      this.#isDone = true;
      throw error;
    }
    this.#isDone = true;
    return undefined;
  }

  #inTurn<R>(step: () => Promise<R>): Promise<R> {
    const turn = this.#step === undefined ? step() : this.#step.then(step, step);
    this.#step = turn;
    const clear = (): void => {
      if (this.#step === turn) this.#step = undefined;
    };
    turn.then(clear, clear);
    return turn;
  }
}

/** A stream that calls `open` when it is first read, and `giveUp` where it is broken off before that has answered. */
export function lazyStream<T>(open: () => Promise<OpenedStream<T>>, giveUp: () => void = () => {}): ItemStream<T> {
  return new LazyStream(open, giveUp);
}
