/** A pool of connections, and the operations of the contract on it. */
import { toConnectorError } from "../../core/classify.ts";
import type { Call } from "../../core/call.ts";
import type { Config, Environment, Session } from "../../core/definition.ts";
import { loadDriver } from "../../core/driver.ts";
import type { Degraded } from "../../core/health.ts";
import { sqlOperations } from "../../contracts/sql/operations.ts";
import type { SqlSession } from "../../contracts/sql/session.ts";
import type { connection as connectionFields, options as optionFields } from "./config.ts";
import { openConnection } from "./connecting/open.ts";
import { targetOf } from "./connecting/target.ts";
import type { PostgreSQLConnection } from "./connection.ts";
import { listen } from "./listening/listen.ts";
import { notify } from "./listening/notify.ts";
import { listeningOperations } from "./listening/operations.ts";
import { withLock, type LockSettings } from "./locking/with-lock.ts";
import { howIs } from "./pooling/how-is.ts";
import { Server } from "./pooling/server.ts";
import { Replicas } from "./replicas/replicas.ts";
import { classify } from "./errors.ts";

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
  const lasting = { options, clock, conceal: env.conceal.bind(env) };
  const connect = (
    signal: AbortSignal,
    onLost: () => void,
    { address, search } = target,
  ): Promise<PostgreSQLConnection> =>
    search.connect(
      (place, until) =>
        openConnection(driver, { ...lasting, address: { ...address, ...place }, signal: until, onLost }),
      signal,
    );
  const common = {
    clock,
    options,
    connectTimeoutMs: target.connectTimeoutMs,
    onPurgeFailed: (error: unknown): void =>
      env.notify("ledger not purged", { kind: toConnectorError(error, classify).kind }),
  };
  const told = (onLost: () => void) => (): void => {
    env.notify("connection lost", undefined, { severity: "warning" });
    onLost();
  };
  const primary = new Server({
    ...common,
    connect: (signal, onLost) => connect(signal, told(onLost)),
  });
  const { pool, sql } = primary;
  const borrow = (signal: AbortSignal): Promise<PostgreSQLConnection> => primary.borrow(signal);
  try {
    pool.release(await borrow(env.signal));
  } catch (error) {
    await pool.close(0);
    throw error;
  }
  const replicas = new Replicas({
    clock,
    notify: (event, detail) => env.notify(event, detail, { severity: event === "replica away" ? "warning" : "info" }),
    open: (place) =>
      new Server({
        ...common,
        // The server itself refuses whatever would write there, should it be no replica.
        connect: (signal, onLost) =>
          openConnection(driver, {
            ...{ ...lasting, signal, onLost: told(onLost) },
            address: { ...target.address, ...place },
            options: { ...options, access: "read-only" },
          }),
      }),
  });
  replicas.use(target.replicas, CLOSE_MS);
  const { readOnlyHandlers } = primary;
  return {
    handlers: {
      ...replicas.handlers(primary.handlers),
      listen: ({ channels }, call) => listen(channels, call, { clock, connect }),
      notify: (message, call) => notify(message, call, { sql, access: options.access }),
    },
    ...(readOnlyHandlers && { readOnlyHandlers }),
    lock: (call, what) => withLock(call, { ...what, connect }),
    sql,
    ping: (signal) => howIs({ primary, replicas, connect }, signal),
    async renew(other, signal) {
      // The hub has checked it as it did the first.
      const prove = async (next = targetOf(other, options, clock)): Promise<void> => {
        await (await connect(signal, () => {}, next)).close();
        // Who gave up waiting has been told that nothing has changed.
        signal.throwIfAborted();
        target = next;
        pool.retire();
        replicas.use(target.replicas, CLOSE_MS);
      };
      await prove().catch(async (error: unknown) => {
        // The server, or the role, may have no more: one of the pool's makes room.
        if ((error as { readonly code?: unknown }).code !== "53300") throw error;
        const leave = await pool.vacate(await borrow(signal));
        await prove().finally(leave);
      });
    },
    async close() {
      await Promise.all([primary.close(CLOSE_MS), replicas.close(CLOSE_MS)]);
    },
  };
}
