/**
 * A thread for the statements of one connector, so that a long one holds up no other work of the process.
 *
 * Questions of one turn of the event loop go in one message. SQLite cannot be interrupted from another thread by any of
 * the drivers: a statement that nobody waits for ends at its next row. Where that does not come, the thread is left to
 * itself: it ends when the statement does, everything that was under way there is lost, and the next connection gets a
 * thread of its own.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Clock } from "../../../core/clock.ts";
import { ConnectorError } from "../../../core/errors.ts";
import { errorOf, type Question, type Reply, type Work, type WorkerStart } from "./protocol.ts";

/** How long a statement that was given up may take to end. */
const GRACE_MS = 1_000;
/** Connections of one thread over its life; then the next one gets another. */
const MOST_CONNECTIONS = 4_096;

interface Asked {
  resolve(answer: unknown): void;
  reject(error: Error): void;
  readonly told: (inTransaction: boolean) => void;
}

export class Thread {
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #unwanted: Int32Array;
  readonly #asked = new Map<number, Asked>();
  #waiting: Question[] = [];
  #lastId = 0;
  #connections = 0;
  #open = 0;
  #lost: Error | undefined;

  constructor(start: Omit<WorkerStart, "givenUp">, clock: Clock) {
    const givenUp = new SharedArrayBuffer(MOST_CONNECTIONS * Int32Array.BYTES_PER_ELEMENT);
    this.#unwanted = new Int32Array(givenUp);
    this.#clock = clock;
    const file = new URL(`./main${extname(import.meta.url)}`, import.meta.url);
    this.#worker = new Worker(file, { workerData: { ...start, givenUp } satisfies WorkerStart });
    this.#worker.unref();
    this.#worker.on("message", (replies: readonly Reply[]) => this.#hear(replies));
    this.#worker.on("error", (error) => this.#lose(error));
    this.#worker.on("exit", () => this.#lose(new Error("The thread has ended")));
  }

  get isLost(): boolean {
    return this.#lost !== undefined || this.#connections >= MOST_CONNECTIONS;
  }

  get isUsable(): boolean {
    return this.#lost === undefined;
  }

  /** A number for a new connection. */
  connect(): number {
    this.#open++;
    return this.#connections++;
  }

  /** One connection less; without any, the thread ends. */
  disconnect(): void {
    if (--this.#open === 0 && this.isUsable) this.leave(new Error("The thread was closed"));
  }

  /** Asks for `work`; `told` hears whether a transaction is open afterwards. */
  ask(
    connection: number,
    work: Work,
    told: (inTransaction: boolean) => void,
  ): { id: number; answer: Promise<unknown> } {
    const id = ++this.#lastId;
    const answer = new Promise((resolve, reject) => {
      if (this.#lost !== undefined) return reject(lostError(this.#lost));
      if (this.#asked.size === 0) this.#worker.ref();
      this.#asked.set(id, { resolve, reject, told });
      if (this.#waiting.push({ id, connection, work }) === 1) queueMicrotask(() => this.#send());
    });
    return { id, answer };
  }

  /** Ends a request as soon as can be. */
  giveUp(connection: number, id: number, canLeave: boolean): void {
    Atomics.store(this.#unwanted, connection, id);
    if (!canLeave) return;
    this.#clock.background(GRACE_MS, () => {
      if (this.#asked.has(id)) this.leave(new Error("A statement that was given up did not end"));
    });
  }

  /** Nothing more is asked of it; it ends when it has ended what it does. */
  leave(why: Error): void {
    if (this.#lost !== undefined) return;
    this.#worker.postMessage("end");
    this.#lose(why);
  }

  #send(): void {
    const questions = this.#waiting;
    this.#waiting = [];
    if (this.#lost === undefined) this.#worker.postMessage(questions);
  }

  #hear(replies: readonly Reply[]): void {
    for (const { id, inTransaction, answer, error } of replies) {
      const asked = this.#asked.get(id);
      if (asked === undefined) continue;
      this.#asked.delete(id);
      asked.told(inTransaction);
      if (error === undefined) asked.resolve(answer);
      else asked.reject(errorOf(error));
    }
    if (this.#asked.size === 0) this.#worker.unref();
  }

  #lose(why: Error): void {
    this.#lost ??= why;
    this.#worker.unref();
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const each of asked) each.reject(lostError(why));
  }
}

function lostError(cause: Error): ConnectorError {
  return new ConnectorError("connection_lost", "The thread of the database was lost", { cause });
}
