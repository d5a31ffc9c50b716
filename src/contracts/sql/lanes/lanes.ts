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
import type { RunOptions, Sharing, SqlConnection, SqlResult } from "../connection.ts";
import type { Statement } from "../statement.ts";
import { BriefStatements } from "./brief-statements.ts";
import type { Lane, LaneHooks } from "./lane.ts";
import type { Occupant } from "./occupant.ts";
import type { Asked, SharedStatement } from "./shared-statement.ts";

/** Connections for each lane, and most lanes. */
const PER_LANE = 4;
const MOST_LANES = 2;
/** From so many calls on in every lane, another is opened. */
const FULL = 8;
const IDLE_MS = 20;
const LIFETIME_MS = 1_000;

/** A connection that can be shared for a while. */
export interface LaneConnection<O extends Occupant<Out>, Out> extends SqlConnection {
  /** Lets calls share it until `closeLane`; nothing else may be run meanwhile. */
  openLane(hooks: Pick<LaneHooks<O, Out>, "onSlow" | "onIdle">): Lane<O, Out> | Promise<Lane<O, Out>>;
  /** Makes it one caller's again, or breaks it. Never rejects. */
  closeLane(): void | Promise<void>;
  /** The statement as it stands in the lane; undefined where it is not prepared on this connection. */
  shared(asked: Asked): (O & SharedStatement) | undefined;
  /** Prepares the statement in the lane; undefined where it is not to be prepared. */
  preparation(sql: string): O | undefined;
}

interface OpenLane<O extends Occupant<Out>, Out> {
  readonly connection: LaneConnection<O, Out>;
  readonly lane: Lane<O, Out>;
  readonly openedAt: number;
  readonly preparing: Set<string>;
  idleTimer: Timer | undefined;
}

/** What lanes are made of. */
export interface LanesSettings<O extends Occupant<Out>, Out> {
  readonly clock: Clock;
  readonly pool: Pick<Pool<LaneConnection<O, Out>>, "checkout" | "release" | "waiting">;
  /** Connections of the pool at most. */
  readonly max: number;
}

/** Lets brief statements share connections where callers wait for one. */
export class Lanes<O extends Occupant<Out>, Out> implements Sharing {
  readonly #settings: LanesSettings<O, Out>;
  readonly #most: number;
  readonly #brief = new BriefStatements();
  readonly #open: OpenLane<O, Out>[] = [];
  #isOpening = false;
  /** None is opened until then: the last one could not be. */
  #notBefore = 0;
  #isClosed = false;

  constructor(settings: LanesSettings<O, Out>) {
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
    const shared = best.connection.shared({ statement, call, bounds, alone });
    if (shared === undefined) {
      this.#prepare(best, statement.sql);
      return undefined;
    }
    this.#add(best, shared);
    return shared.answer;
  }

  learn(sql: string, { tookMs, command }: { readonly tookMs: number; readonly command: string }): void {
    if (this.#most > 0) this.#brief.learn(sql, { tookMs, command, now: this.#settings.clock.now() });
  }

  /** Opens none from now on; those that are open end when they are empty. */
  close(): void {
    this.#isClosed = true;
    for (const each of this.#open.slice()) void this.#endIfEmpty(each);
  }

  #pick(): OpenLane<O, Out> | undefined {
    const oldest = this.#settings.clock.now() - LIFETIME_MS;
    let best: OpenLane<O, Out> | undefined;
    for (const each of this.#open)
      if (each.lane.hasRoom && each.openedAt > oldest && (best === undefined || each.lane.size < best.lane.size))
        best = each;
    return best;
  }

  async #widen(): Promise<void> {
    const { pool, clock } = this.#settings;
    if (clock.now() < this.#notBefore) return;
    if (this.#isOpening || this.#isClosed || this.#open.length >= this.#most) return;
    // The first is opened only where calls wait.
    if (this.#open.length === 0 && pool.waiting === 0) return;
    this.#isOpening = true;
    try {
      const connection = await pool.checkout();
      await this.#openOn(connection).catch(() => {
        this.#notBefore = clock.now() + LIFETIME_MS;
        pool.release(connection, { broken: true });
      });
    } catch {
      // Whoever needs a connection hears of it.
    } finally {
      this.#isOpening = false;
    }
  }

  async #openOn(connection: LaneConnection<O, Out>): Promise<void> {
    const { clock } = this.#settings;
    const lane = await connection.openLane({
      onSlow: ({ sql }) => this.#brief.distrust(sql, clock.now()),
      onIdle: () => this.#onIdle(open),
    });
    const open: OpenLane<O, Out> = {
      connection,
      lane,
      openedAt: clock.now(),
      preparing: new Set(),
      idleTimer: undefined,
    };
    this.#open.push(open);
    this.#onIdle(open);
  }

  #prepare({ connection, lane, preparing }: OpenLane<O, Out>, sql: string): void {
    if (preparing.has(sql)) return;
    preparing.add(sql);
    const preparation = connection.preparation(sql);
    if (preparation !== undefined) lane.add(preparation);
  }

  #add(open: OpenLane<O, Out>, occupant: O): void {
    open.idleTimer?.cancel();
    open.idleTimer = undefined;
    open.lane.add(occupant);
  }

  #onIdle(open: OpenLane<O, Out>): void {
    open.idleTimer?.cancel();
    const isOver = this.#isClosed || open.connection.isBroken || !open.lane.hasRoom;
    const isOld = this.#settings.clock.now() - open.openedAt > LIFETIME_MS;
    if (isOver || isOld) return void this.#endIfEmpty(open);
    open.idleTimer = this.#settings.clock.timeout(IDLE_MS, () => void this.#endIfEmpty(open));
  }

  async #endIfEmpty(open: OpenLane<O, Out>): Promise<void> {
    const at = this.#open.indexOf(open);
    if (at === -1 || open.lane.size > 0) return;
    this.#open.splice(at, 1);
    open.idleTimer?.cancel();
    const { connection } = open;
    await connection.closeLane();
    if (!connection.isTidy) await connection.tidy();
    this.#settings.pool.release(connection, { broken: connection.transaction !== "none" });
  }
}
