/** Opens connections to one database. */
import { poolSize } from "../../config/fields.ts";
import { orAborted } from "../../core/abort.ts";
import { toConnectorError } from "../../core/classify.ts";
import type { Config, Environment, Session } from "../../core/definition.ts";
import type { Degraded } from "../../core/health.ts";
import { Pool } from "../../core/pool.ts";
import { sqlHandlers } from "../../contracts/sql/handlers.ts";
import { sqlOperations } from "../../contracts/sql/operations.ts";
import { SqlSession } from "../../contracts/sql/session.ts";
import { backUp, type BackupSettings } from "./backup/backup.ts";
import { backupOperations } from "./backup/operation.ts";
import { MEMORY, type connection as connectionFields, type Options, type options as optionFields } from "./config.ts";
import { SqliteConnection } from "./connection.ts";
import { loadSqlite } from "./driver/load.ts";
import { isBusy } from "./driver/sqlite-error.ts";
import type { Backend } from "./engine/backend.ts";
import { DirectBackend } from "./engine/direct.ts";
import type { EngineOptions } from "./engine/request.ts";
import { classify } from "./errors.ts";
import { dialect } from "./text/dialect.ts";
import { Turns } from "./waiting.ts";
import { WorkerBackend } from "./worker/backend.ts";
import { Thread } from "./worker/thread.ts";

/** How long cancelled calls get to give their connections back when the session closes. */
const CLOSE_MS = 2_000;

/** All operations of the connector. */
export const operations = { ...sqlOperations, ...backupOperations };

export interface SQLiteSession extends Pick<Session<typeof operations>, "handlers" | "readOnlyHandlers"> {
  readonly sql: SqlSession<SqliteConnection>;
  ping(signal: AbortSignal): Promise<void | Degraded>;
  close(): Promise<void>;
}

export async function openSession(
  { connection: { file, create }, options }: Config<typeof connectionFields, typeof optionFields>,
  env: Environment,
): Promise<SQLiteSession> {
  const { clock } = env;
  const isMemory = file === MEMORY;
  const driver = await loadSqlite(options.driver);
  const turns = new Turns(clock, options.busyTimeout);
  const engineOptions = engineOptionsOf({ file, create }, options);
  let thread: Thread | undefined;
  const open = async (): Promise<Backend> => {
    if (options.mode === "direct") return new DirectBackend(driver, engineOptions);
    if (thread === undefined || thread.isLost)
      thread = new Thread({ driver: driver.name, options: engineOptions }, clock);
    return WorkerBackend.open(thread, isMemory);
  };
  const pool = new Pool<SqliteConnection>({
    clock,
    // A second connection to :memory: would be another database.
    max: isMemory ? 1 : poolSize(options),
    idleTimeoutMs: isMemory ? 0 : options.idleTimeout,
    connectionTimeoutMs: options.connectionTimeout,
    trustMs: Infinity,
    open: async () => new SqliteConnection({ backend: await turns.untilFree(open, isBusy), turns, isMemory }),
    isBroken: (each) => each.isBroken,
    check: (each) => each.probe(),
    close: (each) => each.close(),
  });
  const borrow = (signal: AbortSignal): Promise<SqliteConnection> =>
    orAborted(pool.checkout(), signal, (late) => pool.release(late));
  try {
    pool.release(await borrow(env.signal));
  } catch (error) {
    await pool.close(0);
    throw error;
  }
  const sql = new SqlSession({
    pool,
    dialect,
    isReadOnly: options.access === "read-only",
    classify,
    clock,
    idempotency: options.idempotency,
    onPurgeFailed: (error) => env.notify("ledger not purged", { kind: toConnectorError(error, classify).kind }),
  });
  const use: BackupSettings["use"] = async (call, work) => {
    if (isMemory) {
      const borrowed = await borrow(call.signal);
      return turns.untilFree(() => work(borrowed.backend), isBusy, call).finally(() => pool.release(borrowed));
    }
    // In a thread of its own, whatever the mode: it can take long.
    const start = { driver: driver.name, options: { ...engineOptions, create: false } };
    const own = await turns.untilFree(() => WorkerBackend.open(new Thread(start, clock), false), isBusy, call);
    return turns.untilFree(() => work(own), isBusy, call).finally(() => own.close().catch(() => {}));
  };
  const { handlers, readOnlyHandlers } = sqlHandlers(sql);
  return {
    handlers: { ...handlers, backup: (input, call) => backUp(input, call, { file, options, use }) },
    ...(readOnlyHandlers && { readOnlyHandlers }),
    sql,
    async ping(signal): Promise<Degraded | void> {
      if (!pool.hasRoom) return { degraded: `${pool.waiting} calls wait for one of ${pool.size} connections` };
      const asked = await borrow(signal);
      try {
        await asked.run({ sql: "SELECT count(*) FROM sqlite_schema", values: [] });
      } finally {
        pool.release(asked);
      }
    },
    close: () => pool.close(CLOSE_MS),
  };
}

function engineOptionsOf(
  { file, create }: { readonly file: string; readonly create: boolean },
  options: Options,
): EngineOptions {
  const { journalMode, synchronous, foreignKeys, cacheSize, statementCache } = options;
  const isReadOnly = options.access === "read-only";
  const isFile = file !== MEMORY;
  return {
    file,
    isReadOnly: isReadOnly && isFile,
    create,
    statementCache,
    pragmas: [
      // The first look into the file, so that one that is none is refused when connecting.
      "PRAGMA schema_version",
      ...(isFile && !isReadOnly ? [`PRAGMA journal_mode = ${journalMode}`] : []),
      `PRAGMA synchronous = ${synchronous}`,
      `PRAGMA foreign_keys = ${foreignKeys ? "ON" : "OFF"}`,
      `PRAGMA cache_size = -${cacheSize}`,
      "PRAGMA trusted_schema = OFF",
      ...(isReadOnly ? ["PRAGMA query_only = ON"] : []),
    ],
  };
}
