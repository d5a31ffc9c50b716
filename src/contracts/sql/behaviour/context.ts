/** What the cases of the `sql` contract are given by a target. */
import assert from "node:assert/strict";
import type { CallOptions } from "../../../core/call.ts";
import type { BaseConnector } from "../../../core/connector.ts";
import { ConnectorError, type Kind } from "../../../core/errors.ts";
import type { BehaviourCase } from "../../../testkit/behaviour.ts";
import type { Isolation, Row, SqlOperations } from "../operations.ts";
import type { SqlTransaction } from "../transaction.ts";

/** Types of columns by what they hold, in the words of the database. */
export interface SqlTypes {
  /** A primary key that the database counts up by itself. */
  readonly id: string;
  readonly text: string;
  readonly int32: string;
  readonly int64: string;
  /** Decimals of at least 40 digits. */
  readonly decimal: string;
  readonly float64: string;
  readonly boolean: string;
  readonly bytes: string;
  readonly json: string;
  readonly uuid: string;
  /** Instants; with a zone, where the database tells zones. */
  readonly instant: string;
  readonly date: string;
  readonly time: string;
  /** Date and time without a zone. */
  readonly timestamp: string;
  /** The same with microseconds. */
  readonly fineTimestamp: string;
  /** Decimals with at least twenty digits behind the point. */
  readonly fineDecimal: string;
}

export interface SqlContext {
  /** Connected; retries are on. */
  readonly connector: BaseConnector<SqlOperations> & {
    transaction<T>(
      work: (transaction: SqlTransaction) => Promise<T>,
      options?: CallOptions & { readonly isolation?: Isolation },
    ): Promise<T>;
  };
  readonly types: SqlTypes;
  /** The system's placeholder of the `n`th parameter, from 1. */
  placeholder(n: number): string;
  /** A fresh name for a table, which needs no quotes. */
  unique(): string;
  /** A name as SQL quotes it. */
  quote(name: string): string;
  /** Whether a time without a zone is read as text; else it is an instant in UTC. */
  readonly hasZonelessTimestamps: boolean;
  /** Whether columns take values of any type. Default: they do not. */
  readonly hasLooseTypes?: boolean;
  /** Whether a transaction that may write keeps all others from beginning. Default: it does not. */
  readonly hasOneWriter?: boolean;
  /** Whether rows that come before one that fails can be lost with it. Default: they come. */
  readonly readsAhead?: boolean;
}

export type SqlCase = BehaviourCase<SqlContext>;

/** Makes a table of the given columns and answers with its name. */
export async function makeTable({ connector, unique }: SqlContext, columns: string): Promise<string> {
  const table = unique();
  await connector.execute("query", { sql: `CREATE TABLE ${table} (${columns})` });
  return table;
}

/** A table of people: `id`, `name`, `age`; with the given ones in it. */
export async function makePeople(ctx: SqlContext, people: readonly Row[] = []): Promise<string> {
  const { id, text, int32 } = ctx.types;
  const table = await makeTable(ctx, `id ${id}, name ${text}, age ${int32}`);
  await ctx.connector.execute("insertMany", { table, rows: [...people] });
  return table;
}

/** What is no number, and is refused as the value of one. */
export function noNumber({ hasLooseTypes = false }: SqlContext): unknown {
  return hasLooseTypes ? Symbol("canary") : "canary";
}

/** The values of one column, in the order of `id`. */
export async function column({ connector }: SqlContext, table: string, name: string): Promise<unknown[]> {
  const rows = await connector.execute("query", { sql: `SELECT ${name} AS it FROM ${table} ORDER BY id` });
  return rows.map(({ it }) => it);
}

/** How many rows a table has. */
export async function size({ connector }: SqlContext, table: string): Promise<number> {
  const rows = await connector.execute("query", { sql: `SELECT COUNT(*) AS n FROM ${table}` });
  return Number(rows[0]?.["n"]);
}

/** The `ConnectorError` that `work` ends with. */
export async function failure(work: Promise<unknown>, kind: Kind): Promise<ConnectorError> {
  const error = await work.then(
    () => assert.fail(`was not refused with kind ${kind}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ConnectorError, `not a ConnectorError: ${String(error)}`);
  assert.equal(error.kind, kind, error.message);
  return error;
}
