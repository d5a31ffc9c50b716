/**
 * One connection of the driver, with what the contract asks of it.
 *
 * Other than the contract's transactions, the server's go on after a failed statement; so after one everything but a
 * rollback is refused here.
 */
import type { Statement } from "../../../contracts/sql/compile.ts";
import type { Loader, LoadTarget, RunOptions, SqlResult, SqlResults } from "../../../contracts/sql/connection.ts";
import { Lane, type LaneHooks } from "../../../contracts/sql/lanes/lane.ts";
import type { LaneConnection } from "../../../contracts/sql/lanes/lanes.ts";
import type { Asked } from "../../../contracts/sql/lanes/shared-statement.ts";
import { runInTurn } from "../../../contracts/sql/in-turn.ts";
import { LaneAnswers, type LaneStatement } from "../lanes/answers.ts";
import { Preparation } from "../lanes/preparation.ts";
import { SharedSelect } from "../lanes/shared-select.ts";
import { beginLoad, type Loads } from "../loading/begin-load.ts";
import type { Header } from "../protocol/ok.ts";
import { isOwn } from "../text/dialect.ts";
import type { Client } from "../wire/client.ts";
import { errnoOf } from "../answers/answer.ts";
import { Exchange, type ExchangeSettings } from "./exchange.ts";
import { gather } from "../answers/gather.ts";
import { doomed, lost } from "./refusals.ts";
import { readBatches } from "../answers/row-batches.ts";

export interface ConnectionSettings extends ExchangeSettings {
  readonly loads: Loads;
}

const CLOSE_MS = 1_000;
/** The statement would write. */
const IN_READ_ONLY = 1792;

interface OpenLane {
  readonly lane: Lane<LaneStatement, Buffer[]>;
  /** Who heard of packets before. */
  readonly handlePacket: Client["handlePacket"];
}

export class MySQLConnection implements LaneConnection<LaneStatement, Buffer[]> {
  readonly #settings: ConnectionSettings;
  readonly #exchange: Exchange;
  #isChanged = false;
  /** The next transaction that is begun has an isolation level of its own. */
  #isLevelSet = false;
  #lane: OpenLane | undefined;

  constructor(client: Client, settings: ConnectionSettings) {
    this.#settings = settings;
    this.#exchange = new Exchange(client, settings);
  }

  get transaction(): LaneConnection<LaneStatement, Buffer[]>["transaction"] {
    if (!this.#exchange.isInTransaction) return "none";
    return this.#exchange.hasFailed ? "failed" : "open";
  }

  get isBroken(): boolean {
    return this.#exchange.isBroken;
  }

  /** Whether it was ended from this side. */
  get isOver(): boolean {
    return this.#exchange.isOver;
  }

  get isTidy(): boolean {
    return !this.#isChanged && !this.#isLevelSet && this.#exchange.isCalm;
  }

  async run(statement: Statement, { call, rowsOnly = false, ...bounds }: RunOptions = {}): Promise<SqlResult> {
    const { sql } = statement;
    const exchange = this.#exchange;
    if (this.transaction === "failed" && !sql.startsWith("ROLLBACK")) {
      if (sql !== "COMMIT") throw doomed();
      return { ...(await this.run({ sql: "ROLLBACK", values: [] }, { call })), command: "ROLLBACK" };
    }
    const wasOpen = this.transaction === "open";
    const answer = await exchange.run(statement, { call, rowsOnly }, (run, waiting) => gather(run, bounds, waiting));
    this.#noteChanges(sql, answer.header);
    if (sql.startsWith("ROLLBACK")) exchange.hasFailed = false;
    // BEGIN and COMMIT AND CHAIN keep what was done and leave another transaction open.
    if (wasOpen && exchange.status.hasBegun) await this.run({ sql: "ROLLBACK", values: [] });
    return { ...answer, command: /^\w+/.exec(sql)?.[0].toUpperCase() ?? "" };
  }

  async proveRead(statement: Statement, { call }: Pick<RunOptions, "call">): Promise<void> {
    await this.#exchange.run(statement, { call, rowsOnly: true }, (_, { answered }) =>
      answered({ rows: [], columns: [], count: 0, header: undefined }),
    );
  }

  runAll(statements: readonly Statement[], options?: Pick<RunOptions, "call">): Promise<SqlResults> {
    return runInTurn(this, statements, options);
  }

  batches(
    statement: Statement,
    { call, rowsOnly = false, batchSize }: RunOptions & { readonly batchSize: number },
  ): AsyncGenerator<Pick<SqlResult, "rows" | "columns">, void, undefined> {
    return readBatches({
      client: this.#exchange.client,
      batchSize,
      call,
      start: async (read) => {
        const { header } = await this.#exchange.run(statement, { call, rowsOnly }, read);
        this.#noteChanges(statement.sql, header);
      },
    });
  }

  load(target: LoadTarget, { call }: Pick<RunOptions, "call">): Promise<Loader | undefined> {
    return beginLoad(target, { connection: this, exchange: this.#exchange, loads: this.#settings.loads, call });
  }

  /** No statement of a lane writes, so that all of them may be run again. */
  async openLane(
    hooks: Pick<LaneHooks<LaneStatement, Buffer[]>, "onSlow" | "onIdle">,
  ): Promise<Lane<LaneStatement, Buffer[]>> {
    const exchange = this.#exchange;
    const { client, status, prepared } = exchange;
    await this.#allow("READ ONLY");
    const lane = new Lane<LaneStatement, Buffer[]>({
      ...hooks,
      clock: this.#settings.clock,
      collect: () => [],
      write: (packets) => client.stream.write(packets.length === 1 ? packets[0]! : Buffer.concat(packets)),
      cancel: () => exchange.cancelOnce(),
      destroy: () => this.destroy(),
      onRefused: (refused) => {
        if (errnoOf(refused.refusal) === IN_READ_ONLY) hooks.onSlow(refused);
        else prepared.forget(refused.sql);
      },
    });
    const { handlePacket } = client;
    const answers = new LaneAnswers(lane, status);
    client.handlePacket = (packet) => (packet === undefined ? handlePacket(packet) : answers.handlePacket(packet));
    this.#lane = { lane, handlePacket };
    return lane;
  }

  async closeLane(): Promise<void> {
    if (this.#lane === undefined) return;
    this.#exchange.client.handlePacket = this.#lane.handlePacket;
    this.#lane = undefined;
    await this.#allow("READ WRITE").catch(() => this.destroy());
  }

  shared(asked: Asked): SharedSelect | undefined {
    const { prepared, status } = this.#exchange;
    const kept = prepared.get(asked.statement.sql);
    // INTO makes something else of a SELECT.
    if (kept === undefined || kept.columns.length === 0) return undefined;
    return new SharedSelect(asked, kept, { status, isExtended: this.#isExtended });
  }

  preparation(sql: string): Preparation | undefined {
    const { prepared } = this.#exchange;
    if (prepared.get(sql) !== undefined) return undefined;
    return new Preparation(sql, {
      isExtended: this.#isExtended,
      onPrepared: (made) => prepared.keep(sql, made),
    });
  }

  /** What a statement leaves behind in the session ends with its connection. */
  async tidy(): Promise<void> {
    if (this.#isChanged || this.#isLevelSet) this.destroy();
    else await this.#exchange.calm().catch(() => this.destroy());
  }

  async probe(): Promise<boolean> {
    try {
      await this.#exchange.probe();
      return true;
    } catch {
      this.destroy();
      return false;
    }
  }

  destroy(error: Error = lost()): void {
    const { lane } = this.#lane ?? {};
    this.#lane = undefined;
    this.#exchange.destroy(error);
    lane?.fail(error);
  }

  /** Says goodbye where that is possible. Never rejects. */
  async close(): Promise<void> {
    const { client } = this.#exchange;
    this.#exchange.close();
    await new Promise<void>((resolve) => {
      const timer = this.#settings.clock.after(CLOSE_MS, () => resolve());
      client.end(() => {
        timer.cancel();
        resolve();
      });
    });
    client.stream.destroy();
  }

  get #isExtended(): boolean {
    return this.#exchange.client._mariadbExtendedMetadata;
  }

  /** For the transactions to come, those of single statements as well. */
  async #allow(access: "READ ONLY" | "READ WRITE"): Promise<void> {
    await this.run({ sql: `SET SESSION TRANSACTION ${access}`, values: [] });
    // It is this connection's own business.
    this.#isChanged = false;
  }

  #noteChanges(sql: string, header: Header | undefined): void {
    if (sql.startsWith("START TRANSACTION")) this.#isLevelSet = false;
    if (isOwn(sql)) this.#isLevelSet ||= sql.startsWith("SET TRANSACTION");
    else this.#isChanged ||= header?.hasChangedSession === true;
  }
}
