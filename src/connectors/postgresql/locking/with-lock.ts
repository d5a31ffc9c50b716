/**
 * Advisory locks: work that only one of all who ask the database does at a time (PostgreSQL manual, "Advisory Locks").
 *
 * The lock belongs to a connection of its own, outside of the pool, so that the work can use the pool however small that
 * is; when the connection dies the server gives the lock away, and the work is told by its signal. Nothing is ever run
 * twice: once the work has begun, its failure is final.
 */
import { createHash } from "node:crypto";
import type { Call } from "../../../core/call.ts";
import { toConnectorError } from "../../../core/classify.ts";
import { ConnectorError } from "../../../core/errors.ts";
import type { PostgreSQLConnection } from "../connection.ts";
import { classify } from "../errors.ts";
import { FunctionThrew } from "../../../contracts/sql/session.ts";

/** What the work is given. */
export interface HeldLock {
  /** Aborted when the lock is lost, or the call is over: somebody else may hold it from then on. */
  readonly signal: AbortSignal;
}

export interface LockSettings<T> {
  readonly key: string;
  /** False fails at once where somebody else has the lock. */
  readonly wait: boolean;
  readonly work: (lock: HeldLock) => Promise<T>;
  connect(this: void, signal: AbortSignal, onLost: () => void): Promise<PostgreSQLConnection>;
}

/** Runs the work while holding the lock; what it throws itself comes back as `FunctionThrew`. */
export async function withLock<T>(call: Call, { key, wait, work, connect }: LockSettings<T>): Promise<T> {
  const abort = new AbortController();
  const lost = (): ConnectorError =>
    new ConnectorError("connection_lost", "The lock was lost with its connection", {
      outcome: "unknown",
      exhausted: true,
    });
  const connection = await connect(call.signal, () => abort.abort(lost()));
  const stopListening = call.onCancel((reason) => abort.abort(reason));
  try {
    const what = wait ? "pg_advisory_lock($1::bigint)::text" : "pg_try_advisory_lock($1::bigint)";
    const { rows } = await connection.run({ sql: `SELECT ${what} AS got`, values: [numberOf(key)] }, { call });
    if (rows[0]?.["got"] === false) throw isTaken();
    let answer: T;
    try {
      answer = await work({ signal: abort.signal });
    } catch (thrown) {
      throw new FunctionThrew(thrown);
    }
    if (abort.signal.aborted) throw toConnectorError(abort.signal.reason, classify);
    return answer;
  } finally {
    stopListening();
    await connection.close();
  }
}

/** The lock's number: the first 64 bits of the key's SHA-256, the same for everybody. */
function numberOf(key: string): string {
  return createHash("sha256").update(key).digest().readBigInt64BE().toString();
}

function isTaken(): ConnectorError {
  return new ConnectorError("contention", "Somebody else has the lock", {
    outcome: "none",
    exhausted: true,
    hint: "With `wait: true` the call waits for it.",
  });
}
