/** An engine in a thread of its own. */
import type { Call } from "../../../core/call.ts";
import type { CopyOrder } from "../backup/write-copy.ts";
import type { DeclaredColumn, SqliteValue } from "../driver/port.ts";
import type { Backend, EngineAnswers } from "../engine/backend.ts";
import type { EngineAnswer, EngineRequest } from "../engine/request.ts";
import { errorOf, type PlainError, type Work } from "./protocol.ts";
import type { Thread } from "./thread.ts";

export class WorkerBackend implements Backend {
  readonly #thread: Thread;
  readonly #connection: number;
  /** Losing the thread would lose the database. */
  readonly #isMemory: boolean;
  #inTransaction = false;
  #isClosed = false;

  private constructor(thread: Thread, isMemory: boolean) {
    this.#thread = thread;
    this.#isMemory = isMemory;
    this.#connection = thread.connect();
  }

  static async open(thread: Thread, isMemory: boolean): Promise<WorkerBackend> {
    const backend = new WorkerBackend(thread, isMemory);
    try {
      await backend.#ask({ do: "connect" });
      return backend;
    } catch (error) {
      thread.disconnect();
      throw error;
    }
  }

  get inTransaction(): boolean {
    return this.#inTransaction && !this.isLost;
  }

  get isLost(): boolean {
    return this.#isClosed || !this.#thread.isUsable;
  }

  run(request: EngineRequest, call?: Call): Promise<EngineAnswer> {
    return this.#ask({ do: "run", request }, call) as Promise<EngineAnswer>;
  }

  async runAll(requests: readonly EngineRequest[], call?: Call): Promise<EngineAnswers> {
    const { answers, failure } = (await this.#ask({ do: "runAll", requests }, call)) as Crossed;
    return failure === undefined ? { answers } : { answers, failure: { error: errorOf(failure.error) } };
  }

  open(request: EngineRequest, call?: Call): Promise<readonly DeclaredColumn[]> {
    return this.#ask({ do: "open", request }, call) as Promise<readonly DeclaredColumn[]>;
  }

  fetch(most: number, call?: Call): Promise<readonly (readonly SqliteValue[])[]> {
    return this.#ask({ do: "fetch", most }, call) as Promise<readonly (readonly SqliteValue[])[]>;
  }

  async endFetch(): Promise<void> {
    await this.#ask({ do: "endFetch" });
  }

  copy(order: CopyOrder, call?: Call): Promise<number> {
    return this.#ask({ do: "copy", order }, call) as Promise<number>;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    const closed = this.#ask({ do: "close" });
    this.#isClosed = true;
    await closed.finally(() => this.#thread.disconnect());
  }

  async #ask(work: Work, call?: Call): Promise<unknown> {
    const { id, answer } = this.#thread.ask(this.#connection, work, (inTransaction) => {
      this.#inTransaction = inTransaction;
    });
    const stopListening = call?.onCancel(() => this.#thread.giveUp(this.#connection, id, !this.#isMemory));
    try {
      return await answer;
    } finally {
      stopListening?.();
    }
  }
}

/** As it comes over. */
interface Crossed {
  readonly answers: readonly EngineAnswer[];
  readonly failure: { readonly error: PlainError } | undefined;
}
