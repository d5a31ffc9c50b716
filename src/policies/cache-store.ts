/** Answers by key, the least recently used one going first where there are too many. */
import { LinkedList, type Link } from "../core/linked-list.ts";
import type { AnswerMeta } from "../core/record.ts";
import { areCurrent, CacheLabels, type Label } from "./cache-labels.ts";

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
}

interface Entry {
  readonly answer: StoredAnswer;
  readonly labels: readonly Label[];
  /** Its place in the order; another one after each use. */
  link: Link<string>;
}

export class CacheStore {
  readonly #mostEntries: number;
  readonly #entries = new Map<string, Entry>();
  /** Keys, the least recently used first. */
  readonly #order = new LinkedList<string>();
  /** What outdates answers. */
  readonly labels = new CacheLabels();

  constructor(mostEntries: number) {
    this.#mostEntries = mostEntries;
  }

  /** An answer that has not been outdated. */
  get(key: string): StoredAnswer | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (!areCurrent(entry.labels)) {
      this.#drop(key, entry);
      return undefined;
    }
    this.#order.remove(entry.link);
    entry.link = this.#order.push(key);
    return entry.answer;
  }

  /** Keeps an answer, unless it was outdated while it was on its way. */
  put(key: string, answer: StoredAnswer, labels: readonly Label[]): void {
    if (!areCurrent(labels)) return;
    const before = this.#entries.get(key);
    if (before !== undefined) this.#drop(key, before);
    const held = this.labels.hold(labels.map(({ name }) => name));
    this.#entries.set(key, { answer, labels: held, link: this.#order.push(key) });
    if (this.#entries.size <= this.#mostEntries) return;
    const oldest = this.#order.first!;
    this.#drop(oldest, this.#entries.get(oldest)!);
  }

  #drop(key: string, { labels, link }: Entry): void {
    this.#order.remove(link);
    this.#entries.delete(key);
    this.labels.release(labels);
  }
}
