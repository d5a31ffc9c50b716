/** What insert, update and delete answer, wherever their statements are run. */
import { ConnectorError } from "../../core/errors.ts";
import type { Answer, Parsed } from "../../core/operation.ts";
import { compileInsert, type Statement } from "./compile.ts";
import type { RunOptions, SqlResult } from "./connection.ts";
import type { Dialect } from "./dialect.ts";
import type { Row, SqlOperations } from "./operations.ts";

type Run = (statement: Statement) => Promise<SqlResult>;

/** What an answer may be at most. */
export type AnswerBounds = Pick<RunOptions, "maxRows" | "maxBytes">;

export async function insertRow(input: Parsed<SqlOperations["insert"]>, dialect: Dialect, run: Run): Promise<Row> {
  const { rows } = await run(compileInsert(input, dialect));
  const [row] = rows;
  if (row !== undefined) return row;
  throw new ConnectorError("conflict", "The database inserted no row: a trigger or a rule of the table kept it out", {
    outcome: "none",
  });
}

/** One statement after the other; all or none only where `run` is inside a transaction. */
export async function insertRows(statements: readonly Statement[], run: Run): Promise<{ count: number }> {
  let count = 0;
  for (const statement of statements) count += (await run(statement)).count;
  return { count };
}

/** What the rows of an answer may be at most; undefined where none are asked for. */
export function boundsOf({
  returning,
  maxRows,
  maxBytes,
}: Pick<Parsed<SqlOperations["update"]>, "returning" | "maxRows" | "maxBytes">): AnswerBounds | undefined {
  return returning === false ? undefined : { maxRows, maxBytes };
}

export async function changeRows(
  { returning }: { readonly returning: boolean | readonly string[] },
  statement: Statement,
  run: Run,
): Promise<Answer<SqlOperations["update"]>> {
  const { count, rows } = await run(statement);
  return returning === false ? { count } : { count, rows: [...rows] };
}

/** As many statements as it takes; all or none only where `run` is inside a transaction. */
export async function upsertRows(
  input: Parsed<SqlOperations["upsert"]>,
  dialect: Dialect,
  { statements, run }: { readonly statements: readonly Statement[]; readonly run: Run },
): Promise<Answer<SqlOperations["upsert"]>> {
  let changed = 0;
  const all: Row[] = [];
  for (const statement of statements) {
    const result = await run(statement);
    changed += result.count;
    for (const row of result.rows) all.push(row);
  }
  const count = dialect.countsUpserts === false ? input.rows.length : changed;
  return input.returning === false ? { count } : { count, rows: all };
}

/** What a statement of the caller's own did. */
export function executed({ count, rows, columns }: SqlResult): Answer<SqlOperations["execute"]> {
  return columns.length === 0 ? { count } : { count, rows: [...rows] };
}
