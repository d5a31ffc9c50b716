/** A connection of the pool for the time of some work, given back fit for the next caller. */
import type { Call } from "../../core/call.ts";
import type { Pool } from "../../core/pool.ts";
import type { SqlConnection } from "./connection.ts";
import type { BeginOptions, Dialect } from "./dialect.ts";

export class Borrowing<C extends SqlConnection> {
  readonly #pool: Pool<C>;
  readonly #dialect: Dialect;

  constructor(pool: Pool<C>, dialect: Dialect) {
    this.#pool = pool;
    this.#dialect = dialect;
  }

  /** A connection; whoever takes it gives it back. */
  take(call?: Call): Promise<C> {
    return this.#pool.checkout(call);
  }

  async giveBack(connection: C): Promise<void> {
    if (!connection.isTidy) await connection.tidy();
    this.#pool.release(connection, { broken: connection.transaction !== "none" });
  }

  /** Runs `work` on a connection. */
  async use<T>(call: Call | undefined, work: (connection: C) => Promise<T>): Promise<T> {
    const connection = await this.take(call);
    try {
      call?.throwIfCancelled();
      return await work(connection);
    } finally {
      await this.giveBack(connection);
    }
  }

  /** Ends a transaction that is still open. Where that fails the connection is given up, and the server ends it. */
  async undo(connection: C, { readOnly = false }: BeginOptions = {}): Promise<void> {
    const statements = readOnly ? this.#dialect.endReadOnly : ["ROLLBACK"];
    if (connection.isBroken || connection.transaction === "none") return;
    try {
      for (const sql of statements) await connection.run({ sql, values: [] });
    } catch {
      connection.destroy();
    }
  }
}
