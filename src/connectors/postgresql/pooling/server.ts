/** A pool of connections to one server, or to whichever of several is suitable, and the contract's operations on it. */
import { poolSize } from "../../../config/fields.ts";
import { orAborted } from "../../../core/abort.ts";
import type { Clock } from "../../../core/clock.ts";
import { Pool } from "../../../core/pool.ts";
import { sqlHandlers, type SqlHandlers } from "../../../contracts/sql/handlers.ts";
import { Lanes } from "../../../contracts/sql/lanes/lanes.ts";
import { SqlSession } from "../../../contracts/sql/session.ts";
import type { Options } from "../config.ts";
import type { PostgreSQLConnection } from "../connection.ts";
import { classify } from "../errors.ts";
import { dialect } from "../text/dialect.ts";

/** An idle connection is trusted for so long; afterwards it is asked for a sign of life before it is used. */
const TRUST_MS = 1_000;

/** Opens one connection; `onLost` hears when it ends by itself. */
export type Connect = (signal: AbortSignal, onLost: () => void) => Promise<PostgreSQLConnection>;

export interface ServerSettings {
  readonly clock: Clock;
  readonly options: Options;
  readonly connect: Connect;
  /** Most milliseconds for a connection; 0 means no limit. */
  readonly connectTimeoutMs: number;
  /** Told why old rows of the ledger could not be deleted. */
  readonly onPurgeFailed: (error: unknown) => void;
}

export class Server {
  readonly pool: Pool<PostgreSQLConnection>;
  readonly sql: SqlSession<PostgreSQLConnection>;
  readonly handlers: SqlHandlers["handlers"];
  readonly readOnlyHandlers: SqlHandlers["readOnlyHandlers"];
  /** Opens a connection that is not the pool's. */
  readonly connect: Connect;
  readonly #lanes: { close(): void };

  constructor({ clock, options, connect, connectTimeoutMs, onPurgeFailed }: ServerSettings) {
    this.connect = connect;
    this.pool = new Pool<PostgreSQLConnection>({
      clock,
      max: poolSize(options),
      idleTimeoutMs: options.idleTimeout,
      connectionTimeoutMs: connectTimeoutMs,
      trustMs: TRUST_MS,
      open: connect,
      isBroken: (each) => each.isBroken,
      check: (each) => each.probe(),
      close: async (each, isBroken) => (isBroken ? each.destroy() : each.close()),
    });
    const lanes = new Lanes({
      pool: this.pool,
      clock,
      max: options.prepare && options.wire ? poolSize(options) : 0,
    });
    this.sql = new SqlSession({
      pool: this.pool,
      sharing: lanes,
      dialect,
      isReadOnly: options.access === "read-only",
      classify,
      clock,
      idempotency: options.idempotency,
      sqlComments: options.sqlComments,
      onPurgeFailed,
    });
    this.#lanes = lanes;
    const { handlers, readOnlyHandlers } = sqlHandlers(this.sql);
    this.handlers = handlers;
    this.readOnlyHandlers = readOnlyHandlers;
  }

  /** A connection; whoever takes it gives it back. */
  borrow(signal: AbortSignal): Promise<PostgreSQLConnection> {
    return orAborted(this.pool.checkout(), signal, (late) => this.pool.release(late));
  }

  /** Ends everything; what still runs has `graceMs`. */
  close(graceMs: number): Promise<void> {
    this.#lanes.close();
    return this.pool.close(graceMs);
  }
}
