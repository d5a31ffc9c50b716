/** A pool of connections, and the operations of the contract on it. */
import { poolSize } from "../../config/fields.ts";
import { orAborted } from "../../core/abort.ts";
import { toConnectorError } from "../../core/classify.ts";
import type { Call } from "../../core/call.ts";
import type { Config, Environment, Session } from "../../core/definition.ts";
import { loadDriver } from "../../core/driver.ts";
import type { Degraded } from "../../core/health.ts";
import { Pool } from "../../core/pool.ts";
import { sqlHandlers } from "../../contracts/sql/handlers.ts";
import { sqlOperations } from "../../contracts/sql/operations.ts";
import { Lanes } from "../../contracts/sql/lanes/lanes.ts";
import { SqlSession } from "../../contracts/sql/session.ts";
import type { connection as connectionFields, options as optionFields } from "./config.ts";
import { openConnection } from "./connecting/open.ts";
import { targetOf } from "./connecting/target.ts";
import type { PostgreSQLConnection } from "./connection.ts";
import { listen } from "./listening/listen.ts";
import { notify } from "./listening/notify.ts";
import { listeningOperations } from "./listening/operations.ts";
import { withLock, type LockSettings } from "./locking/with-lock.ts";
import { dialect } from "./text/dialect.ts";
import { classify } from "./errors.ts";

/** An idle connection is trusted for so long; afterwards it is asked for a sign of life before it is used. */
const TRUST_MS = 1_000;
/** How long cancelled calls get to give their connections back when the session closes. */
const CLOSE_MS = 2_000;

/** All operations of the connector. */
export const operations = { ...sqlOperations, ...listeningOperations };

export interface PostgreSQLSession extends Pick<Session<typeof operations>, "handlers" | "readOnlyHandlers"> {
  /** Runs work under an advisory lock. */
  lock<T>(call: Call, what: Omit<LockSettings<T>, "connect">): Promise<T>;
  readonly sql: SqlSession<PostgreSQLConnection>;
  ping(signal: AbortSignal): Promise<void | Degraded>;
  renew(connection: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export async function openSession(
  { connection, options }: Config<typeof connectionFields, typeof optionFields>,
  env: Environment,
): Promise<PostgreSQLSession> {
  const { clock } = env;
  const { default: driver } = await loadDriver("pg", () => import("pg"));
  let target = targetOf(connection, options, clock);
  const connect = (
    signal: AbortSignal,
    onLost: () => void,
    { address, search } = target,
  ): Promise<PostgreSQLConnection> =>
    search.connect(
      (place, until) =>
        openConnection(driver, { address: { ...address, ...place }, options, clock, signal: until, onLost }),
      signal,
    );
  const pool = new Pool<PostgreSQLConnection>({
    clock,
    max: poolSize(options),
    idleTimeoutMs: options.idleTimeout,
    connectionTimeoutMs: target.connectTimeoutMs,
    trustMs: TRUST_MS,
    open: (signal, onLost) =>
      connect(signal, () => {
        env.notify("connection lost", undefined, { severity: "warning" });
        onLost();
      }),
    isBroken: (each) => each.isBroken,
    check: (each) => each.probe(),
    close: async (each, isBroken) => (isBroken ? each.destroy() : each.close()),
  });
  const borrow = (signal: AbortSignal): Promise<PostgreSQLConnection> =>
    orAborted(pool.checkout(), signal, (late) => pool.release(late));
  try {
    pool.release(await borrow(env.signal));
  } catch (error) {
    await pool.close(0);
    throw error;
  }
  const lanes = new Lanes({ pool, clock, max: options.prepare && options.wire ? poolSize(options) : 0 });
  const sql = new SqlSession({
    pool,
    sharing: lanes,
    dialect,
    isReadOnly: options.access === "read-only",
    classify,
    clock,
    idempotency: options.idempotency,
    sqlComments: options.sqlComments,
    onPurgeFailed: (error) => env.notify("ledger not purged", { kind: toConnectorError(error, classify).kind }),
  });
  const { handlers, readOnlyHandlers } = sqlHandlers(sql);
  return {
    handlers: {
      ...handlers,
      listen: ({ channels }, call) => listen(channels, call, { clock, connect }),
      notify: (message, call) => notify(message, call, { sql, access: options.access }),
    },
    ...(readOnlyHandlers && { readOnlyHandlers }),
    lock: (call, what) => withLock(call, { ...what, connect }),
    sql,
    async ping(signal): Promise<Degraded | void> {
      // While all are busy, a connection of its own asks: a running call is not disturbed, and is no proof of health.
      const own = pool.hasRoom ? undefined : await connect(signal, () => {}).catch(unlessFull);
      if (own === FULL) return { degraded: `all ${pool.size} connections are busy, and the server has none left` };
      const asked = own ?? (await borrow(signal));
      try {
        await asked.run({ sql: "SELECT 1", values: [] });
      } finally {
        pool.release(asked);
        await own?.close();
      }
      if (pool.waiting > 0) return { degraded: `${pool.waiting} calls wait for one of ${pool.size} connections` };
    },
    async renew(other, signal) {
      // The hub has checked it as it did the first.
      const prove = async (next = targetOf(other, options, clock)): Promise<void> => {
        await (await connect(signal, () => {}, next)).close();
        // Who gave up waiting has been told that nothing has changed.
        signal.throwIfAborted();
        target = next;
        pool.retire();
      };
      await prove().catch(async (error: unknown) => {
        // The server, or the role, may have no more: one of the pool's makes room.
        if ((error as { readonly code?: unknown }).code !== "53300") throw error;
        const leave = await pool.vacate(await borrow(signal));
        await prove().finally(leave);
      });
    },
    close() {
      lanes.close();
      return pool.close(CLOSE_MS);
    },
  };
}

/** The server answered: it takes no more connections. */
const FULL = "full";

function unlessFull(error: unknown): typeof FULL {
  if ((error as { readonly code?: unknown }).code === "53300") return FULL;
  throw error;
}
