/** Answers by key, the least recently used one going first where there are too many. */
import { LinkedList, type Link } from "../core/linked-list.ts";
import type { AnswerMeta } from "../core/record.ts";

/** How long an answer is used, in milliseconds. */
export interface Lifetime {
  readonly ttl: number;
  /** Counted from the end of `ttl`, as is `staleIfError`. */
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
}

/** An answer as it was when it came. */
export interface StoredAnswer {
  readonly data: unknown;
  readonly meta: AnswerMeta;
  readonly storedAt: number;
  /** Of its operation; an answer of an earlier one is outdated. */
  readonly generation: number;
}

interface Entry {
  readonly answer: StoredAnswer;
  readonly link: Link<string>;
}

export class CacheStore {
  readonly #mostEntries: number;
  readonly #entries = new Map<string, Entry>();
  /** Keys, the least recently used first. */
  readonly #order = new LinkedList<string>();
  readonly #generations = new Map<string, number>();

  constructor(mostEntries: number) {
    this.#mostEntries = mostEntries;
  }

  /** Grows when what an operation has answered so far becomes outdated. */
  generation(operation: string): number {
    return this.#generations.get(operation) ?? 0;
  }

  outdate(operation: string): void {
    this.#generations.set(operation, this.generation(operation) + 1);
  }

  /** An answer of the operation's present generation. */
  get(key: string, operation: string): StoredAnswer | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#remove(key, entry);
    if (entry.answer.generation !== this.generation(operation)) return undefined;
    this.#add(key, entry.answer);
    return entry.answer;
  }

  /** Keeps an answer, unless it was outdated while it was on its way. */
  put(key: string, operation: string, answer: StoredAnswer): void {
    if (answer.generation !== this.generation(operation)) return;
    const before = this.#entries.get(key);
    if (before !== undefined) this.#remove(key, before);
    this.#add(key, answer);
    if (this.#entries.size <= this.#mostEntries) return;
    this.#entries.delete(this.#order.shift()!);
  }

  #add(key: string, answer: StoredAnswer): void {
    this.#entries.set(key, { answer, link: this.#order.push(key) });
  }

  #remove(key: string, { link }: Entry): void {
    this.#order.remove(link);
    this.#entries.delete(key);
  }
}
