/** Opens connections with the driver, which is loaded here and nowhere else. */
import { poolSize } from "../../config/fields.ts";
import { orAborted } from "../../core/abort.ts";
import { toConnectorError } from "../../core/classify.ts";
import type { Config, Environment } from "../../core/definition.ts";
import { loadDriver } from "../../core/driver.ts";
import type { Degraded } from "../../core/health.ts";
import { Pool } from "../../core/pool.ts";
import { addressOf } from "../../contracts/sql/address.ts";
import { sqlHandlers, type SqlHandlers } from "../../contracts/sql/handlers.ts";
import { Lanes } from "../../contracts/sql/lanes/lanes.ts";
import { SqlSession } from "../../contracts/sql/session.ts";
import { SYSTEM, type connection as connectionFields, type options as optionFields } from "./config.ts";
import { classify } from "./errors.ts";
import { dialectOf } from "./text/dialect.ts";
import type { MySQLConnection } from "./statements/connection.ts";
import type { Driver } from "./wire/client.ts";
import { openConnection } from "./wire/open.ts";

/** An idle connection is trusted for so long; afterwards it is asked for a sign of life before it is used. */
const TRUST_MS = 1_000;
/** How long cancelled calls get to give their connections back when the session closes. */
const CLOSE_MS = 2_000;
export interface MySQLSession extends SqlHandlers {
  readonly sql: SqlSession<MySQLConnection>;
  ping(signal: AbortSignal): Promise<void | Degraded>;
  renew(connection: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export async function openSession(
  { connection, options }: Config<typeof connectionFields, typeof optionFields>,
  env: Environment,
): Promise<MySQLSession> {
  const { clock } = env;
  const loaded = await loadDriver("mysql2", () => import("mysql2"));
  // Its types know no default export, which is the one that has everything.
  const driver = (loaded as unknown as { readonly default: Driver }).default;
  let address = addressOf(connection, SYSTEM);
  let isMariaDB = true;
  const loads = { areAllowed: options.loadData };
  const connect = async (signal: AbortSignal, onLost: () => void): Promise<MySQLConnection> => {
    const opened = await openConnection(driver, { address, options, clock, signal, onLost, loads });
    ({ isMariaDB } = opened);
    return opened.connection;
  };
  const pool = new Pool<MySQLConnection>({
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
  const borrow = (signal: AbortSignal): Promise<MySQLConnection> =>
    orAborted(pool.checkout(), signal, (late) => pool.release(late));
  try {
    pool.release(await borrow(env.signal));
  } catch (error) {
    await pool.close(0);
    throw error;
  }
  const sharing = new Lanes({ pool, clock, max: isMariaDB && options.pipelining ? poolSize(options) : 0 });
  const sql = new SqlSession({
    pool,
    sharing,
    dialect: dialectOf({ isMariaDB, sqlMode: options.sqlMode }),
    isReadOnly: options.access === "read-only",
    classify,
    clock,
    idempotency: options.idempotency,
    sqlComments: options.sqlComments,
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
        await asked.run({ sql: "DO 0", values: [] });
      } finally {
        pool.release(asked);
        await own?.close();
      }
      const { waiting, size } = pool;
      return waiting === 0 ? undefined : { degraded: `${waiting} calls wait for one of ${size} connections` };
    },
    async renew(other, signal) {
      const next = addressOf(other, SYSTEM);
      const prove = async (): Promise<void> => {
        const proof = await openConnection(driver, { address: next, options, clock, signal, onLost: () => {}, loads });
        await proof.connection.close();
        // Who gave up waiting has been told that nothing has changed.
        signal.throwIfAborted();
        address = next;
        pool.retire();
      };
      await prove().catch(async (error: unknown) => {
        if (!isFull(error)) throw error;
        const leave = await pool.vacate(await borrow(signal));
        await prove().finally(leave);
      });
    },
    close() {
      sharing.close();
      return pool.close(CLOSE_MS);
    },
  };
}

/** The server answered: it takes no more connections. */
const FULL = "full";

function unlessFull(error: unknown): typeof FULL {
  if (isFull(error)) return FULL;
  throw error;
}

/** Whether the server, or the user, may have no more connections. */
function isFull(error: unknown): boolean {
  return [1040, 1203, 1226].includes((error as { readonly errno: number }).errno);
}
