/** A pool of connections, and the operations of the contract on it. */
import { poolSize } from "../../config/fields.ts";
import { orAborted } from "../../core/abort.ts";
import { toConnectorError } from "../../core/classify.ts";
import type { Config, Environment } from "../../core/definition.ts";
import { loadDriver } from "../../core/driver.ts";
import type { Degraded } from "../../core/health.ts";
import { Pool } from "../../core/pool.ts";
import { addressOf } from "../../contracts/sql/address.ts";
import { sqlHandlers, type SqlHandlers } from "../../contracts/sql/handlers.ts";
import { SqlSession } from "../../contracts/sql/session.ts";
import { SYSTEM, type connection as connectionFields, type options as optionFields } from "./config.ts";
import { openConnection } from "./connecting/open.ts";
import type { PostgreSQLConnection } from "./connection.ts";
import { Lanes } from "./lanes/lanes.ts";
import { dialect } from "./text/dialect.ts";
import { classify } from "./errors.ts";

/** An idle connection is trusted for so long; afterwards it is asked for a sign of life before it is used. */
const TRUST_MS = 1_000;
/** How long cancelled calls get to give their connections back when the session closes. */
const CLOSE_MS = 2_000;

export interface PostgreSQLSession extends SqlHandlers {
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
  let address = addressOf(connection, SYSTEM);
  const connect = (signal: AbortSignal, onLost: () => void): Promise<PostgreSQLConnection> =>
    openConnection(driver, { address, options, clock, signal, onLost });
  const pool = new Pool<PostgreSQLConnection>({
    clock,
    max: poolSize(options),
    idleTimeoutMs: options.idleTimeout,
    connectionTimeoutMs: options.connectionTimeout,
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
  const lanes = new Lanes({ pool, clock, max: options.prepare ? poolSize(options) : 0 });
  const sql = new SqlSession({
    pool,
    sharing: lanes,
    dialect,
    isReadOnly: options.access === "read-only",
    classify,
    clock,
    idempotency: options.idempotency,
    onPurgeFailed: (error) => env.notify("ledger not purged", { kind: toConnectorError(error, classify).kind }),
  });
  return {
    ...sqlHandlers(sql),
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
      const prove = async (next = addressOf(other, SYSTEM)): Promise<void> => {
        await (await openConnection(driver, { address: next, options, clock, signal, onLost: () => {} })).close();
        // Who gave up waiting has been told that nothing has changed.
        signal.throwIfAborted();
        address = next;
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
