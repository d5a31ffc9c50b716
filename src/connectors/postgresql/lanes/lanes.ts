/**
 * Which calls share a connection, and which of the pool's connections are shared.
 *
 * As long as there is a connection for everybody, everybody gets one. When calls have to wait for one, up to a quarter of
 * them (two at most) become lanes (lane.ts), and brief statements outside of transactions go there instead of into the
 * queue: two connections with many statements under way do more than ten with one each, at half the cost, on both sides. A
 * lane lives for a moment only, so that what becomes of pools (new credentials, an idle limit) becomes of it too.
 */
import type { Call } from "../../../core/call.ts";
import type { Clock, Timer } from "../../../core/clock.ts";
import type { Pool } from "../../../core/pool.ts";
import type { Statement } from "../../../contracts/sql/compile.ts";
import type { RunOptions, Sharing, SqlResult } from "../../../contracts/sql/connection.ts";
import type { PostgreSQLConnection } from "../connection.ts";
import { BriefStatements } from "./brief-statements.ts";
import { Exchange } from "./exchange.ts";
import type { Lane } from "./lane.ts";
import { Preparation } from "./preparation.ts";

/** Connections for each lane, and most lanes. */
const PER_LANE = 4;
const MOST_LANES = 2;
/** From so many calls on in every lane, another is opened. */
const FULL = 8;
const IDLE_MS = 20;
const LIFETIME_MS = 1_000;

interface OpenLane {
  readonly connection: PostgreSQLConnection;
  readonly lane: Lane;
  readonly openedAt: number;
  readonly preparing: Set<string>;
  idleTimer: Timer | undefined;
}

export interface LanesSettings {
  readonly clock: Clock;
  readonly pool: Pool<PostgreSQLConnection>;
  /** Connections of the pool at most. */
  readonly max: number;
}

export class Lanes implements Sharing {
  readonly #settings: LanesSettings;
  readonly #most: number;
  readonly #brief = new BriefStatements();
  readonly #open: OpenLane[] = [];
  #isOpening = false;
  #isClosed = false;

  constructor(settings: LanesSettings) {
    this.#settings = settings;
    this.#most = Math.min(MOST_LANES, Math.floor(settings.max / PER_LANE));
  }

  run(
    statement: Statement,
    call: Call,
    bounds: Pick<RunOptions, "maxRows" | "maxBytes">,
    alone: () => Promise<SqlResult>,
  ): Promise<SqlResult> | undefined {
    if (this.#most === 0 || !this.#brief.isBrief(statement.sql)) return undefined;
    const best = this.#pick();
    if (best === undefined || (best.lane.size >= FULL && this.#open.length < this.#most)) void this.#widen();
    if (best === undefined) return undefined;
    const prepared = best.connection.preparedFor(statement.sql);
    if (prepared === undefined) {
      this.#prepare(best, statement.sql);
      return undefined;
    }
    const exchange = new Exchange(statement, prepared, { ...bounds, call }, alone);
    this.#add(best, exchange);
    return exchange.answer;
  }

  learn(sql: string, { tookMs, command }: { readonly tookMs: number; readonly command: string }): void {
    if (this.#most > 0) this.#brief.learn(sql, { tookMs, command, now: this.#settings.clock.now() });
  }

  /** Opens none from now on; those that are open end when they are empty. */
  close(): void {
    this.#isClosed = true;
    for (const each of this.#open.slice()) this.#endIfEmpty(each);
  }

  #pick(): OpenLane | undefined {
    const oldest = this.#settings.clock.now() - LIFETIME_MS;
    let best: OpenLane | undefined;
    for (const each of this.#open)
      if (each.lane.hasRoom && each.openedAt > oldest && (best === undefined || each.lane.size < best.lane.size))
        best = each;
    return best;
  }

  async #widen(): Promise<void> {
    const { pool, clock } = this.#settings;
    if (this.#isOpening || this.#isClosed || this.#open.length >= this.#most) return;
    // The first is opened only where calls wait.
    if (this.#open.length === 0 && pool.waiting === 0) return;
    this.#isOpening = true;
    try {
      const connection = await pool.checkout();
      const open: OpenLane = {
        connection,
        lane: connection.openLane({
          onSlow: ({ sql }) => this.#brief.distrust(sql, clock.now()),
          onIdle: () => this.#onIdle(open),
        }),
        openedAt: clock.now(),
        preparing: new Set(),
        idleTimer: undefined,
      };
      this.#open.push(open);
      this.#onIdle(open);
    } catch {
      // Whoever needs a connection hears of it.
    } finally {
      this.#isOpening = false;
    }
  }

  #prepare({ connection, lane, preparing }: OpenLane, sql: string): void {
    if (preparing.has(sql)) return;
    preparing.add(sql);
    const keep = connection.newPreparation(sql);
    if (keep !== undefined) lane.add(new Preparation(sql, keep.name, keep.onPrepared));
  }

  #add(open: OpenLane, exchange: Exchange): void {
    open.idleTimer?.cancel();
    open.idleTimer = undefined;
    open.lane.add(exchange);
  }

  #onIdle(open: OpenLane): void {
    open.idleTimer?.cancel();
    const isOver = this.#isClosed || open.connection.isBroken || !open.lane.hasRoom;
    const isOld = this.#settings.clock.now() - open.openedAt > LIFETIME_MS;
    if (isOver || isOld) return this.#endIfEmpty(open);
    open.idleTimer = this.#settings.clock.timeout(IDLE_MS, () => this.#endIfEmpty(open));
  }

  #endIfEmpty(open: OpenLane): void {
    const at = this.#open.indexOf(open);
    if (at === -1 || open.lane.size > 0) return;
    this.#open.splice(at, 1);
    open.idleTimer?.cancel();
    open.connection.closeLane();
    this.#settings.pool.release(open.connection);
  }
}
