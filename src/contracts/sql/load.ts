/**
 * `insertMany`: rows into a table, all or none, in constant memory.
 *
 * Where the system has a way of its own for many rows, the connection takes them by it (`SqlConnection.load`); else they
 * go in as statements of many rows each, in one transaction. A list that is short is one statement and needs neither.
 */
import type { Call } from "../../core/call.ts";
import { toConnectorError, type Classification } from "../../core/classify.ts";
import { ConnectorError } from "../../core/errors.ts";
import { compileInsertMany } from "./compile.ts";
import type { SqlConnection } from "./connection.ts";
import { quoteTable, type Dialect } from "./dialect.ts";
import type { Row, Rows } from "./fields.ts";
import { RowSource, SourceFailed } from "./row-source.ts";

type Table = string | readonly string[];

/** Below so many rows, one statement is as fast as anything. */
const FEW = 50;

export interface LoadSettings {
  readonly connection: SqlConnection;
  readonly dialect: Dialect;
  readonly call: Call;
  readonly classify: (error: unknown) => Classification | undefined;
}

/** A list that one statement takes. */
export function isShort(rows: Rows): rows is readonly Row[] {
  return Array.isArray(rows) && rows.length < FEW;
}

/** Loads the rows into the table; inside a transaction that the caller opens and ends. */
export async function loadRows(
  { table, rows }: { readonly table: Table; readonly rows: Rows },
  { connection, dialect, call, classify }: LoadSettings,
): Promise<{ count: number }> {
  const source = new RowSource(rows);
  const insert = async (batch: readonly Row[]): Promise<number> => {
    let count = 0;
    for (const statement of compileInsertMany({ table, rows: batch }, dialect))
      count += (await connection.run(statement, { call })).count;
    return count;
  };
  try {
    let count = 0;
    let batch = await source.next(call);
    if (batch === undefined) return { count };
    const { columns } = source;
    const loader = await connection.load?.({ table: quoteTable(table, dialect), columns, insert }, { call });
    try {
      for (; batch !== undefined; batch = await source.next(call)) count += await (loader?.add ?? insert)(batch);
      return { count: count + ((await loader?.end()) ?? 0) };
    } catch (error) {
      // The database may take its time to give up; the source need not wait for that.
      source.close();
      await loader?.abandon();
      throw error;
    }
  } catch (thrown) {
    if (thrown instanceof SourceFailed) throw sourceFailed(thrown);
    if (Array.isArray(rows)) throw thrown;
    throw unrepeatable(call.cancelled ?? toConnectorError(thrown, classify));
  } finally {
    source.close();
  }
}

/** What is asked again with a key must be the same, and rows that are gone cannot be compared. */
export function keyNeedsList(): ConnectorError {
  return new ConnectorError("unsupported", "`insertMany` with an idempotency key takes a list, not a source of rows", {
    outcome: "none",
    hint: "Give the rows as a list, or load without a key inside a `transaction` that has one.",
  });
}

/** The caller's own error is told as the cause, and never repeated: the source is where it is. */
function sourceFailed({ thrown }: SourceFailed): ConnectorError {
  if (thrown instanceof ConnectorError) return unrepeatable(thrown);
  return new ConnectorError("input_invalid", "The source of the rows failed, and nothing was inserted", {
    outcome: "none",
    hint: "The error's `cause` is what the source threw.",
    cause: thrown,
  });
}

/** The same failure, which a further try could only hide: the rows that were read are gone. */
function unrepeatable(error: ConnectorError): ConnectorError {
  const { kind, message, outcome, status, code, stage, cause, retryAfterMs } = error;
  const hint = error.hint ?? "The rows came from a source that can be read only once: begin again with a new one.";
  return new ConnectorError(kind, message, {
    hint,
    outcome,
    status,
    code,
    stage,
    cause,
    retryAfterMs,
    exhausted: true,
  });
}
