/** One transaction with its row of the ledger: the row first, then the effect, then the answer with COMMIT. */
import type { Call } from "../../core/call.ts";
import { ConnectorError } from "../../core/errors.ts";
import type { Statement } from "./compile.ts";
import type { SqlConnection, SqlResult } from "./connection.ts";
import { textOfAnswer, type LedgerEntry } from "./ledger-entry.ts";
import type { Ledger } from "./ledger.ts";
import { endedByStatement } from "./transaction-errors.ts";

export interface KeyedSettings {
  readonly ledger: Ledger;
  readonly entry: LedgerEntry;
  readonly connection: SqlConnection;
  readonly call: Call;
  /** The statements that open the transaction. */
  readonly begin: readonly string[];
  /** Whether statements follow each other without waiting for anybody. */
  readonly isBrief: boolean;
}

/** The row could not be inserted, for a reason that is no failure yet. */
export class NotClaimed extends Error {
  readonly why: "taken" | "missing";

  constructor(why: "taken" | "missing") {
    super(`the key is ${why}`);
    this.why = why;
  }
}

export class KeyedTransaction {
  readonly #settings: KeyedSettings;
  #isOpen = false;

  constructor(settings: KeyedSettings) {
    this.#settings = settings;
  }

  /** Begins and inserts the row; throws `NotClaimed`. `first` goes along, and is answered. */
  async open(first?: Statement): Promise<SqlResult | undefined> {
    const { ledger, entry, connection, call, begin, isBrief } = this.#settings;
    const opening = [...begin.map((sql) => ({ sql, values: [] })), ledger.claim(entry, isBrief)];
    const all = first === undefined ? opening : [...opening, first];
    const { results, failure } = await connection.runAll(all, { call });
    this.#isOpen = true;
    if (failure === undefined) return results[opening.length];
    if (results.length !== begin.length) throw failure.error;
    const why = ledger.reasonOf(failure.error);
    throw why === undefined ? ledger.explained(failure.error) : new NotClaimed(why);
  }

  /** Runs a statement of the transaction; the first opens it. */
  readonly run = async (statement: Statement): Promise<SqlResult> => {
    const { connection, call } = this.#settings;
    // Without a failure there is a result for each.
    if (!this.#isOpen) return (await this.open(statement))!;
    return connection.run(statement, { call });
  };

  /** Writes the answer down and commits both. */
  async commit(answer: unknown): Promise<void> {
    const { ledger, entry, connection, call } = this.#settings;
    // There was nothing to do; the key stands for that too.
    if (!this.#isOpen) await this.open();
    if (connection.transaction === "none") throw endedByStatement();
    const store = ledger.store(entry, textOfAnswer(answer));
    call.record.stage = "running";
    const { results, failure } = await connection.runAll([store, { sql: "COMMIT", values: [] }], { call });
    if (failure !== undefined) {
      // COMMIT was not run. A try that was given up has no say in where the call is now.
      if (results.length === 0 && call.cancelled === undefined) call.record.stage = "in a transaction";
      throw failure.error;
    }
    // A transaction in which a statement failed is not kept, and COMMIT says so without an error.
    if (results[1]?.command !== "COMMIT") throw rolledBack();
  }
}

/** The database kept nothing. */
export function rolledBack(): ConnectorError {
  return new ConnectorError("conflict", "The transaction was rolled back: a statement in it had failed", {
    outcome: "none",
  });
}
