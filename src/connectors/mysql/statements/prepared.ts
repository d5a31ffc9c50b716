/**
 * The statements that one connection has prepared, by their text: those used last are kept, so that they are sent once.
 *
 * What changed in a table meanwhile is the server's business: it prepares anew by itself, and tells the columns with each
 * answer.
 */
import { CloseStatement } from "../protocol/close-statement.ts";
import { MOST_PREPARED, type Client, type Prepared } from "../wire/client.ts";

type Taken = (error: Error | null, prepared: Prepared) => void;

export class PreparedStatements {
  readonly #client: Client;
  readonly #kept = new Map<string, Prepared>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** The statement, if it is kept. */
  get(sql: string): Prepared | undefined {
    const prepared = this.#kept.get(sql);
    if (prepared === undefined) return undefined;
    this.#kept.delete(sql);
    this.#kept.set(sql, prepared);
    return prepared;
  }

  /** Lets the server prepare it, and keeps it, but for what comes only once: that is closed behind what `taken` runs. */
  take({ sql, isOnce }: { readonly sql: string; readonly isOnce: boolean }, taken: Taken): void {
    this.#client.prepare(named(sql), (error, prepared) => {
      if (error === null && !isOnce) this.keep(sql, prepared);
      taken(error, prepared);
      if (error === null && isOnce) this.#close(sql, prepared);
    });
  }

  /** Keeps one that the server has prepared. */
  keep(sql: string, prepared: Prepared): void {
    this.#kept.set(sql, prepared);
    if (this.#kept.size <= MOST_PREPARED) return;
    const [oldest = sql] = this.#kept.keys();
    this.forget(oldest);
  }

  /** Forgets it, and lets the server forget it. */
  forget(sql: string): void {
    const prepared = this.#kept.get(sql);
    if (prepared === undefined) return;
    this.#kept.delete(sql);
    this.#close(sql, prepared);
  }

  #close(sql: string, prepared: Prepared): void {
    // The driver knows those that it has prepared itself.
    if (this.#client.unprepare(named(sql)) === undefined) this.#client.addCommand(new CloseStatement(prepared.id));
  }
}

/** By this the driver finds it again. */
const named = (sql: string): { readonly sql: string; readonly rowsAsArray: true } => ({ sql, rowsAsArray: true });
