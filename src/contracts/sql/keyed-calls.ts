/**
 * Calls with an idempotency key, each carried out at most once however often it is sent; ledger.ts tells how.
 *
 * Old rows go by the way: at most once a minute, after a call under a key has been answered, one statement deletes some
 * of them on a connection of its own. It takes the oldest, passes over those that somebody holds, and when it found many
 * it comes again with the next call, so that deleting always outruns writing.
 */
import type { Call } from "../../core/call.ts";
import type { Clock } from "../../core/clock.ts";
import { ConnectorError } from "../../core/errors.ts";
import type { Borrowing } from "./borrowing.ts";
import type { Statement } from "./compile.ts";
import { commented, CommentingConnection } from "./comments.ts";
import type { SqlConnection, SqlResult } from "./connection.ts";
import type { BeginOptions, Dialect } from "./dialect.ts";
import { KeyedTransaction, NotClaimed } from "./keyed-transaction.ts";
import { entryOf, type LedgerEntry } from "./ledger-entry.ts";
import type { Ledger } from "./ledger.ts";

/** Tries of one call at its row, which can vanish again: by hand, or because it is too old. */
const MOST_ROUNDS = 4;
const PURGE_EVERY_MS = 60_000;

export interface KeyedCallsSettings<C extends SqlConnection> {
  readonly ledger: Ledger;
  readonly dialect: Dialect;
  readonly borrowing: Borrowing<C>;
  readonly clock: Clock;
  /** Ends the statements of the work with a comment of their call. */
  readonly sqlComments?: boolean | undefined;
  /** Told why old rows could not be deleted. */
  readonly onPurgeFailed: (error: unknown) => void;
}

/** What is asked under a key, and how it is begun. */
export interface KeyedQuestion extends Pick<BeginOptions, "isolation"> {
  readonly input: unknown;
  /** Statements follow each other without waiting for anybody, so a server that hears of none may give it up. */
  readonly isBrief?: boolean;
  /** The first statement is sent together with the row. */
  readonly isTogether?: boolean;
}

/** What keyed work is given: the open transaction. */
export interface Keyed {
  readonly connection: SqlConnection;
  run(this: void, statement: Statement): Promise<SqlResult>;
}

type Work = (keyed: Keyed) => Promise<unknown>;
type Known = { readonly answer: unknown } | undefined;

export class KeyedCalls<C extends SqlConnection> {
  readonly #settings: KeyedCallsSettings<C>;
  #purgeDueAt = -Infinity;
  #isPurging = false;

  constructor(settings: KeyedCallsSettings<C>) {
    this.#settings = settings;
  }

  /** Runs `work` in a transaction with the row of the call's key; where that is there, its answer is given again. */
  async run<T>(call: Call, question: KeyedQuestion, work: (keyed: Keyed) => Promise<T>): Promise<T> {
    const entry = entryOf(call.idempotencyKey, call.name, question.input);
    const answer = await this.#settings.borrowing.use(call, async (connection) => {
      for (let round = 1; round <= MOST_ROUNDS; round++) {
        const known = await this.#round(connection, call, question, entry, work);
        // What stands under this key answered the same question, so it has the type of its answers.
        if (known !== undefined) return known.answer as T;
      }
      throw new ConnectorError("contention", "The row of this idempotency key comes and goes", { outcome: "none" });
    });
    this.#beginPurge();
    return answer;
  }

  /** Makes the ledger's table where it is not there. */
  create(call: Call): Promise<void> {
    const { borrowing, ledger } = this.#settings;
    return borrowing.use(call, async (connection) => {
      call.record.stage = "in a transaction";
      await ledger.create(connection, call).finally(() => borrowing.undo(connection));
    });
  }

  /** Deletes every row that is old enough; answers how many. */
  purge(call: Call): Promise<number> {
    const { borrowing, ledger } = this.#settings;
    return borrowing.use(call, async (connection) => {
      let total = 0;
      for (;;) {
        const { count, hasMore } = await ledger.purge(connection, call);
        total += count;
        if (!hasMore) return total;
      }
    });
  }

  async #round(
    connection: C,
    call: Call,
    { isolation, isBrief = false, isTogether = false }: KeyedQuestion,
    entry: LedgerEntry,
    work: Work,
  ): Promise<Known> {
    const { ledger, dialect, borrowing, sqlComments = false } = this.#settings;
    call.record.stage = "in a transaction";
    const begin = dialect.begin({ isolation });
    const keyed = new KeyedTransaction({ ledger, entry, connection, call, begin, isBrief });
    try {
      if (!isTogether) await keyed.open();
      const answer = await work(
        sqlComments
          ? {
              connection: new CommentingConnection(connection, call),
              run: (statement) => keyed.run(commented(statement, call)),
            }
          : { connection, run: keyed.run },
      );
      call.throwIfCancelled();
      await keyed.commit(answer);
      return { answer };
    } catch (thrown) {
      if (!(thrown instanceof NotClaimed)) throw thrown;
      if (thrown.why === "missing") {
        await borrowing.undo(connection);
        await ledger.create(connection, call);
        return undefined;
      }
      const known = await ledger.replay(entry, connection, call);
      if (known !== undefined) call.record.answer.replayed = true;
      return known;
    } finally {
      await borrowing.undo(connection);
    }
  }

  #beginPurge(): void {
    const { borrowing, ledger, clock, onPurgeFailed } = this.#settings;
    if (this.#isPurging || ledger.keepMs === 0 || clock.now() < this.#purgeDueAt) return;
    this.#isPurging = true;
    this.#purgeDueAt = clock.now() + PURGE_EVERY_MS;
    void borrowing
      .use(undefined, (connection) => ledger.purge(connection))
      .then(
        ({ hasMore }) => {
          if (hasMore) this.#purgeDueAt = -Infinity;
        },
        (error: unknown) => {
          const isClosing = error instanceof ConnectorError && error.kind === "not_connected";
          if (!isClosing) onPurgeFailed(error);
        },
      )
      .finally(() => (this.#isPurging = false));
  }
}
