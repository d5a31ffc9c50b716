/** One connection of the driver, with what the contract asks of it. */
import type pg from "pg";
import type { Call } from "../../core/call.ts";
import { StatementGuard, type CancellingHooks } from "../../contracts/sql/cancelling.ts";
import type { Statement } from "../../contracts/sql/compile.ts";
import type { Loader, LoadTarget, RunOptions, SqlResult, SqlResults } from "../../contracts/sql/connection.ts";
import { Lane, type LaneHooks } from "../../contracts/sql/lanes/lane.ts";
import type { LaneConnection } from "../../contracts/sql/lanes/lanes.ts";
import type { Asked } from "../../contracts/sql/lanes/shared-statement.ts";
import { runInTurn } from "../../contracts/sql/in-turn.ts";
import { beginLoad } from "./copy/load.ts";
import { CopyIn } from "./copy/copy-in.ts";
import { ConnectorError } from "../../core/errors.ts";
import { ExtendedQuery, type QueryAnswer, type QueryRequest, type Wire } from "./statements/extended-query.ts";
import { canBePipelined, Pipeline } from "./statements/pipeline.ts";
import { LaneAnswers, type LaneStatement } from "./lanes/answers.ts";
import { Exchange } from "./lanes/exchange.ts";
import { Preparation } from "./lanes/preparation.ts";
import { isForgotten, isOutdated } from "./statements/outdated.ts";
import { StatementCache } from "./statements/statement-cache.ts";
import type { RowTap } from "./wire/frames.ts";
import { Messages } from "./wire/messages.ts";

/** Statements that leave something behind in the session, by the server's own word for them. */
const CHANGES_SESSION = new Set(["SET", "RESET", "LISTEN", "UNLISTEN", "PREPARE", "DEALLOCATE", "DECLARE", "LOAD"]);
const CLOSE_MS = 1_000;
/** How long a batch that nobody wants any more may take before it is cancelled, which costs a connection. */
const NEARLY_MS = 20;

/** What was sent to a channel. */
export interface Notification {
  readonly channel: string;
  readonly payload: string;
  readonly processId: number;
}

/** What a connection is given beside its client. */
export interface ConnectionHooks extends Omit<CancellingHooks, "destroy"> {
  readonly tap: RowTap;
  /** Whether statements may be given names. */
  readonly prepare: boolean;
}

export class PostgreSQLConnection implements LaneConnection<LaneStatement, Messages> {
  readonly #client: pg.Client;
  readonly #hooks: Omit<CancellingHooks, "destroy">;
  readonly #guard: StatementGuard;
  readonly #tap: RowTap;
  readonly #cache: StatementCache;
  #isOver = false;
  #isChanged = false;
  #portals = 0;

  constructor(client: pg.Client, { tap, prepare, ...hooks }: ConnectionHooks) {
    this.#client = client;
    this.#hooks = hooks;
    this.#tap = tap;
    this.#cache = new StatementCache({ isOff: !prepare });
    this.#guard = new StatementGuard({ ...hooks, destroy: () => this.destroy() });
  }

  get transaction(): LaneConnection<LaneStatement, Messages>["transaction"] {
    const status = this.#client.getTransactionStatus();
    return status === "T" ? "open" : status === "E" ? "failed" : "none";
  }

  /** A socket whose other end has hung up takes nothing more, some time before it is closed. */
  get isBroken(): boolean {
    return this.#isOver || !this.#client.connection.stream.writable;
  }

  /** Whether it was ended from this side. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get isTidy(): boolean {
    return !this.#isChanged && !this.#guard.isCancelling;
  }

  async run(statement: Statement, { call, ...options }: RunOptions = {}): Promise<SqlResult> {
    return resultOf(await this.#send({ ...statement, ...options }, call));
  }

  async runAll(statements: readonly Statement[], { call }: RunOptions = {}): Promise<SqlResults> {
    if (this.#tap.isOff || !statements.every(canBePipelined)) return runInTurn(this, statements, { call });
    const pipeline = new Pipeline(statements, this.#tap);
    const { answers, failure } = await this.#guard.run(() => {
      // As in `#send`.
      this.#client.query(pipeline as unknown as pg.Submittable);
      return pipeline.answer;
    }, call);
    const results = answers.map(resultOf);
    return failure === undefined ? { results } : { results, failure };
  }

  /** The server works on the next batch while this one is read. */
  async *batches(
    statement: Statement,
    { call, rowsOnly, batchSize: rows }: RunOptions & { readonly batchSize: number },
  ): AsyncGenerator<Pick<SqlResult, "rows" | "columns">, void, undefined> {
    const name = `busbar_${++this.#portals}`;
    let answer = await this.#send({ ...statement, rowsOnly, portal: { name, rows } }, call);
    const { shape } = answer;
    const columns = shape?.columns ?? [];
    while (answer.hasMore) {
      let stop = (): void => {};
      const next = this.#send({ sql: "", values: [], portal: { name, rows, ...(shape && { shape }) } }, call, (it) => {
        stop = it;
      });
      let isWanted = false;
      // Whoever reads hears of it, when it has read this one.
      next.catch(() => {});
      try {
        yield { rows: answer.rows, columns };
        isWanted = true;
      } finally {
        if (!isWanted) await this.#unwanted(next, stop);
      }
      answer = await next;
    }
    yield { rows: answer.rows, columns };
  }

  /** Hears what is sent to channels that this connection listens on. */
  onNotification(listener: (message: Notification) => void): void {
    this.#client.on("notification", ({ channel, payload = "", processId }) =>
      listener({ channel, payload, processId }),
    );
  }

  /** Lets calls share it until `closeLane`; nothing else may be run meanwhile. */
  openLane(hooks: Pick<LaneHooks<LaneStatement, Messages>, "onSlow" | "onIdle">): Lane<LaneStatement, Messages> {
    const lane = new Lane<LaneStatement, Messages>({
      ...hooks,
      clock: this.#hooks.clock,
      collect: (statements) => new Messages(statements * 64),
      write: (messages) => this.#client.connection.stream.write(messages.end()),
      cancel: () => this.#guard.cancelOnce(),
      destroy: () => this.destroy(),
      onRefused: ({ sql, refusal }) => this.#forget(sql, refusal),
    });
    this.#tap.lane = new LaneAnswers(lane);
    return lane;
  }

  closeLane(): void {
    this.#tap.lane = undefined;
  }

  shared(asked: Asked): Exchange | undefined {
    const prepared = this.#cache.peek(asked.statement.sql);
    return prepared && new Exchange(asked, prepared);
  }

  preparation(sql: string): Preparation | undefined {
    this.#cache.find(sql);
    const name = this.#cache.find(sql);
    if (typeof name !== "string") return undefined;
    return new Preparation(sql, name, (prepared) => this.#cache.keep(sql, prepared));
  }

  async load(target: LoadTarget, { call }: Pick<RunOptions, "call">): Promise<Loader | undefined> {
    return this.#tap.isOff ? undefined : beginLoad(this, target, call);
  }

  copyIn(sql: string, call: Call | undefined): { readonly copy: CopyIn; readonly answer: Promise<number> } {
    const copy = new CopyIn(sql);
    const begin = (): Promise<number> => {
      // As in `#send`.
      this.#client.query(copy as unknown as pg.Submittable);
      return copy.answer;
    };
    // A server that waits for data hears of no cancellation.
    const stopListening = call?.onCancel(() => copy.fail());
    return { copy, answer: this.#guard.run(begin, call).finally(() => stopListening?.()) };
  }

  async tidy(): Promise<void> {
    await this.#guard.settled();
    if (!this.#isChanged || this.isBroken || this.transaction !== "none") return;
    this.#isChanged = false;
    await this.#send({ sql: "DISCARD ALL", values: [] }).catch(() => this.destroy());
    this.#cache.clear();
  }

  async probe(): Promise<boolean> {
    const answer = (): Promise<boolean> => new Promise((resolve) => void this.#client.query(signOfLife(resolve)));
    const isAlive = await this.#guard.run(answer, undefined);
    if (!isAlive) this.destroy();
    return isAlive;
  }

  destroy(): void {
    this.#isOver = true;
    this.#client.connection.stream.destroy();
    const { lane } = this.#tap;
    this.#tap.lane = undefined;
    lane?.fail(new ConnectorError("connection_lost", "The connection was lost"));
  }

  /** Says goodbye where that is possible. Never rejects. */
  async close(): Promise<void> {
    this.#isOver = true;
    const timer = this.#hooks.clock.after(CLOSE_MS, () => this.destroy());
    await this.#client.end().catch(() => {});
    timer.cancel();
  }

  #forget(sql: string, error: unknown): void {
    if (isForgotten(error)) this.#cache.clear();
    else this.#cache.forget(sql);
  }

  /** Lets what is nearly there come, and ends it otherwise. */
  async #unwanted(answer: Promise<unknown>, stop: () => void): Promise<void> {
    const timer = this.#hooks.clock.timeout(NEARLY_MS, stop);
    await answer.catch(() => {});
    timer.cancel();
  }

  async #send(request: QueryRequest, call?: Call, onBegun?: (stop: () => void) => void): Promise<QueryAnswer> {
    const hooks = { tap: this.#tap, cache: this.#cache };
    let query: ExtendedQuery | undefined;
    const begin = (stop: () => void): Promise<QueryAnswer> => {
      onBegun?.(stop);
      query = new ExtendedQuery(request, { ...hooks, stop });
      // The driver's types know submittables only by a part of their methods.
      this.#client.query(query as unknown as pg.Submittable);
      return query.answer;
    };
    let answer: QueryAnswer;
    try {
      answer = await this.#guard.run(begin, call);
    } catch (error) {
      if (query?.isCached !== true || !isOutdated(error)) throw error;
      this.#forget(request.sql, error);
      // In a transaction the server refuses all that follows; on its own, the statement has done nothing.
      if (this.transaction !== "none") throw outdated(error);
      answer = await this.#guard.run(begin, call);
    }
    this.#isChanged ||= CHANGES_SESSION.has(commandOf(answer.tag));
    return answer;
  }
}

function outdated(cause: unknown): ConnectorError {
  const message = "A table of the transaction was changed meanwhile; nothing of the transaction was kept";
  return new ConnectorError("contention", message, { outcome: "none", cause });
}

function resultOf({ rows, shape, tag }: QueryAnswer): SqlResult {
  return { rows, columns: shape?.columns ?? [], command: commandOf(tag), count: countOf(tag) };
}

/** The number at the end of `INSERT 0 1`. */
function countOf(tag: string): number {
  return Number(tag.slice(tag.lastIndexOf(" ") + 1)) || 0;
}

function commandOf(tag: string): string {
  return tag.split(" ", 1)[0]!;
}

/** A lone Sync: the cheapest question there is, and it does nothing to the session. */
function signOfLife(answer: (isAlive: boolean) => void): pg.Submittable {
  const question = {
    submit: (wire: Wire): Error | null => {
      if (!wire.stream.writable) return new Error("Connection terminated");
      wire.sync();
      return null;
    },
    handleReadyForQuery: () => answer(true),
    handleError: () => answer(false),
  };
  // As above.
  return question as unknown as pg.Submittable;
}
