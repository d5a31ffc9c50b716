/** One statement with many lists of values, sent together a thousand at a time. */
import type { Call } from "../../core/call.ts";
import { toConnectorError, type Classification } from "../../core/classify.ts";
import { ConnectorError } from "../../core/errors.ts";
import type { Answer, Parsed } from "../../core/operation.ts";
import type { SqlConnection } from "./connection.ts";
import { runInTurn } from "./in-turn.ts";
import type { NamedParameters } from "./named-parameters.ts";
import type { SqlOperations } from "./operations.ts";
import { endedByStatement } from "./transaction-errors.ts";

/** Lists that are sent together; more are no faster, and their answers wait in memory. */
const AT_ONCE = 1_000;

export interface BatchSettings {
  readonly connection: SqlConnection;
  readonly call: Call;
  readonly named: NamedParameters;
  readonly isReadOnly: boolean;
  readonly classify: (error: unknown) => Classification | undefined;
}

/** Runs it inside a transaction that is open; an error says which list it was. */
export async function runBatch(
  { sql, values }: Parsed<SqlOperations["batch"]>,
  { connection, call, named, isReadOnly, classify }: BatchSettings,
): Promise<Answer<SqlOperations["batch"]>> {
  const counts: number[] = [];
  const statements = values.map((each, at) => placed(at, () => named.positional({ sql, values: each })));
  for (let from = 0; from < statements.length; from += AT_ONCE) {
    call.throwIfCancelled();
    const some = statements.slice(from, from + AT_ONCE);
    // Where only reading is allowed each is described before it is run.
    const { results, failure } = isReadOnly
      ? await runInTurn(connection, some, { call, rowsOnly: true })
      : await connection.runAll(some, { call });
    for (const { count } of results) counts.push(count);
    if (failure !== undefined)
      throw call.cancelled ?? numbered(toConnectorError(failure.error, classify), counts.length);
    if (connection.transaction === "none") throw endedByStatement();
  }
  return { count: counts.reduce((sum, each) => sum + each, 0), counts };
}

function placed<T>(at: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof ConnectorError ? numbered(error, at) : error;
  }
}

function numbered(error: ConnectorError, at: number): ConnectorError {
  error.message = `Values ${at + 1}: ${error.message}`;
  return error;
}
