/** The engine in the caller's own thread. */
import type { CopyOrder } from "../backup/write-copy.ts";
import type { DeclaredColumn, Driver, SqliteValue } from "../driver/port.ts";
import { runInOrder, type Backend, type EngineAnswers } from "./backend.ts";
import { Engine } from "./engine.ts";
import type { EngineAnswer, EngineOptions, EngineRequest } from "./request.ts";

export class DirectBackend implements Backend {
  readonly #engine: Engine;
  #isClosed = false;

  constructor(driver: Driver, options: EngineOptions) {
    this.#engine = new Engine(driver, options);
  }

  get inTransaction(): boolean {
    return !this.#isClosed && this.#engine.inTransaction;
  }

  get isLost(): boolean {
    return this.#isClosed;
  }

  async run(request: EngineRequest): Promise<EngineAnswer> {
    return this.#engine.run(request);
  }

  async runAll(requests: readonly EngineRequest[]): Promise<EngineAnswers> {
    return runInOrder((request) => this.#engine.run(request), requests);
  }

  async open(request: EngineRequest): Promise<readonly DeclaredColumn[]> {
    return this.#engine.open(request);
  }

  async fetch(most: number): Promise<readonly (readonly SqliteValue[])[]> {
    return this.#engine.fetch(most);
  }

  async endFetch(): Promise<void> {
    this.#engine.endFetch();
  }

  async copy(order: CopyOrder): Promise<number> {
    return this.#engine.copy(order);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#engine.close();
  }
}
