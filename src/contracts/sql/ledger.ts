/**
 * The ledger: a table in which each call with an idempotency key is one row, written in the same transaction as what the
 * call does. Whatever becomes of connection, server or caller, both are there or neither is; so a call whose answer was
 * lost can be sent again, and finds either nothing, or its row and in it the answer.
 *
 * The row is inserted first, before the effect. That insert is the lock: whoever comes with the same key meanwhile waits
 * at the table's primary key until the first one's transaction has ended. If that committed, the insert fails and the
 * row's answer is the call's; if it rolled back, the insert succeeds, and the call is the one that does it. No isolation
 * level changes that, because databases check uniqueness against what is committed, not against a snapshot.
 *
 * Round trips: BEGIN, the row and a single statement go together, so do the answer and COMMIT; that makes two, where a
 * call without a key takes one. A repetition takes two as well.
 */
import type { Call } from "../../core/call.ts";
import { toConnectorError, type Classification } from "../../core/classify.ts";
import { ConnectorError } from "../../core/errors.ts";
import type { Statement } from "./compile.ts";
import type { SqlConnection } from "./connection.ts";
import { quoteTable, type Dialect } from "./dialect.ts";
import { answerOfText, type LedgerEntry } from "./ledger-entry.ts";
import { lastName, type LedgerOptions } from "./ledger-options.ts";

/** Rows that one statement deletes. */
const PURGED_AT_ONCE = 1_000;

export interface LedgerSettings {
  readonly options: LedgerOptions;
  readonly dialect: Dialect;
  readonly classify: (error: unknown) => Classification | undefined;
}

/** The ledger of one connector: its statements, and what their results mean. */
export class Ledger {
  readonly #settings: LedgerSettings;
  readonly #table: string;
  /** A word of SQL in some systems. */
  readonly #key: string;

  constructor(settings: LedgerSettings) {
    this.#settings = settings;
    this.#table = quoteTable(settings.options.table, settings.dialect);
    this.#key = settings.dialect.quote("key");
  }

  /** The statements that make the table; harmless where it is there. */
  get statements(): readonly string[] {
    const { options, dialect } = this.#settings;
    return dialect.ledger.create(this.#table, dialect.quote(`${lastName(options.table)}_created_at`));
  }

  /** The table's name, quoted. */
  get table(): string {
    return this.#table;
  }

  /** How long rows are kept, in milliseconds; 0 is for ever. */
  get keepMs(): number {
    return this.#settings.options.keep;
  }

  /**
   * The row's first half. `isBrief`: the client sends its next statement without waiting for anybody else, so a server
   * that hears nothing of it may give it up soon, and with it the lock.
   */
  claim({ key, operation, fingerprint }: LedgerEntry, isBrief: boolean): Statement {
    const { placeholder, ledger } = this.#settings.dialect;
    const sql = `INSERT INTO ${this.#table} (${this.#key}, operation, fingerprint) VALUES (${[1, 2, 3].map(placeholder).join(", ")})`;
    const suffix = isBrief ? ledger.endIfIdle : "";
    return { sql: sql + suffix, values: [key, operation, fingerprint] };
  }

  /** The row's second half. */
  store({ key }: LedgerEntry, answer: string): Statement {
    const { placeholder } = this.#settings.dialect;
    const sql = `UPDATE ${this.#table} SET answer = ${placeholder(1)} WHERE ${this.#key} = ${placeholder(2)}`;
    return { sql, values: [answer, key] };
  }

  /** What the claim failed of: `taken`, `missing` where there is no table yet, or undefined where the error itself tells. */
  reasonOf(error: unknown): "taken" | "missing" | undefined {
    const { ledger } = this.#settings.dialect;
    return ledger.isTaken(error) ? "taken" : ledger.isMissing(error) ? "missing" : undefined;
  }

  /** The same error, with what to do where the role may not write the table. */
  explained(error: unknown): ConnectorError {
    const found = toConnectorError(error, this.#settings.classify);
    // Who knows why, such as that all of the database is for reading, has said so.
    if (found.kind !== "permission_denied" || found.hint !== undefined) return found;
    const { kind, message, code } = found;
    return new ConnectorError(kind, `The ledger of idempotency keys cannot be used: ${message}`, {
      ...{ code, outcome: "none", cause: error },
      hint:
        "Let `busbar sql ledger` make its table with a role that may, or print the SQL with --print, " +
        "and grant SELECT, INSERT, UPDATE and DELETE on it to this one.",
    });
  }

  /** Ends the failed transaction and reads the row that was in the way; undefined where it is gone again. */
  async replay(
    entry: LedgerEntry,
    connection: SqlConnection,
    call: Call,
  ): Promise<{ readonly answer: unknown } | undefined> {
    const sql = `SELECT operation, fingerprint, answer FROM ${this.#table} WHERE ${this.#key} = ${this.#settings.dialect.placeholder(1)}`;
    const read = { sql, values: [entry.key] };
    const { results, failure } = await connection.runAll([{ sql: "ROLLBACK", values: [] }, read], { call });
    if (failure !== undefined) throw this.explained(failure.error);
    const row = results[1]?.rows[0];
    if (row === undefined) return undefined;
    if (row["operation"] !== entry.operation || row["fingerprint"] !== entry.fingerprint) throw usedOtherwise();
    if (typeof row["answer"] !== "string") throw unanswered();
    return { answer: answerOfText(row["answer"]) };
  }

  /** Makes the table, also where many find it missing at once. */
  async create(connection: SqlConnection, call: Call): Promise<void> {
    const { dialect } = this.#settings;
    const sql = [...dialect.begin({}), dialect.ledger.lock, ...this.statements, "COMMIT"];
    const { failure } = await connection.runAll(
      sql.map((text) => ({ sql: text, values: [] })),
      { call },
    );
    if (failure !== undefined) throw call.cancelled ?? this.explained(failure.error);
  }

  /** Deletes some rows that are old enough; answers how many, and whether there may be more. */
  async purge(connection: SqlConnection, call?: Call): Promise<{ readonly count: number; readonly hasMore: boolean }> {
    if (this.keepMs === 0) return { count: 0, hasMore: false };
    const statement = this.#settings.dialect.ledger.purge(this.#table, { keepMs: this.keepMs, most: PURGED_AT_ONCE });
    const { count } = await connection.run(statement, { call });
    return { count, hasMore: count === PURGED_AT_ONCE };
  }
}

function usedOtherwise(): ConnectorError {
  return new ConnectorError("conflict", "This idempotency key stands for another call", {
    outcome: "none",
    hint: "A key names one effect: the same operation with the same input. Take a new key for anything else.",
  });
}

/** A statement of the first call ended its transaction before the answer was known. */
function unanswered(): ConnectorError {
  return new ConnectorError("conflict", "An earlier call with this idempotency key ended its transaction by itself", {
    outcome: "unknown",
    hint: "Leave BEGIN, COMMIT and ROLLBACK to busbar; look whether the effect is there.",
  });
}
