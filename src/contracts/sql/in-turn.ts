/** Statements one by one, for connections that cannot send several at a time. */
import type { Statement } from "./compile.ts";
import type { RunOptions, SqlConnection, SqlResult, SqlResults } from "./connection.ts";

/** As `SqlConnection.runAll`, with a round trip for each statement. */
export async function runInTurn(
  connection: Pick<SqlConnection, "run">,
  statements: readonly Statement[],
  options?: RunOptions,
): Promise<SqlResults> {
  const results: SqlResult[] = [];
  for (const statement of statements)
    try {
      results.push(await connection.run(statement, options));
    } catch (error) {
      return { results, failure: { error } };
    }
  return { results };
}
