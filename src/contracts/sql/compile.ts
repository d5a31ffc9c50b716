/** From tables, rows and conditions to statements whose every value is a parameter and whose every name is quoted. */
import { WHERE_GUARD } from "../../core/audit-refusal.ts";
import { ConnectorError } from "../../core/errors.ts";
import { quoteTable, type Changing, type Dialect } from "./dialect.ts";
import type { Parsed } from "../../core/operation.ts";
import { MOST_PARAMETERS, type Row, type SqlOperations } from "./operations.ts";
import { checkColumns, noColumns } from "./row-source.ts";
import type { Statement } from "./statement.ts";
import { StatementText } from "./statement-text.ts";
import { compileWhere } from "./where.ts";

export type { Statement } from "./statement.ts";

type Table = string | readonly string[];
type Returning = boolean | readonly string[];

/** Rows of one INSERT: beyond this, a longer statement is no faster. */
const MOST_ROWS = 1_000;

const SORTS: Readonly<Record<Changing, string>> = {
  insert: "an insert",
  update: "an update",
  delete: "a delete",
  upsert: "an upsert",
};

export function compileInsert(
  input: { readonly table: Table; readonly data: Row; readonly returning?: readonly string[] | undefined },
  dialect: Dialect,
): Statement {
  const text = new StatementText(dialect);
  const columns = Object.keys(input.data);
  const into = `INSERT INTO ${quoteTable(input.table, dialect)}`;
  const what =
    columns.length === 0
      ? (dialect.defaultRow ?? "DEFAULT VALUES")
      : `(${columns.map(dialect.quote).join(", ")}) VALUES (${columns.map((each) => text.value(input.data, each)).join(", ")})`;
  return text.end(`${into} ${what}${returningClause("insert", input.returning ?? true, dialect)}`);
}

/** As many statements as the number of parameters asks for. */
export function compileInsertMany(
  { table, rows }: { readonly table: Table; readonly rows: readonly Row[] },
  dialect: Dialect,
  end = "",
): Statement[] {
  const columns = Object.keys(rows[0] ?? {});
  if (rows.length > 0 && columns.length === 0) throw noColumns();
  rows.forEach((row, at) => checkColumns(row, columns, at));
  const into = `INSERT INTO ${quoteTable(table, dialect)} (${columns.map(dialect.quote).join(", ")}) VALUES `;
  const rowsAtOnce = Math.max(
    1,
    Math.min(MOST_ROWS, Math.floor((dialect.mostParameters ?? MOST_PARAMETERS) / columns.length)),
  );
  const statements: Statement[] = [];
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    const text = new StatementText(dialect);
    const lists = rows
      .slice(from, from + rowsAtOnce)
      .map((row) => `(${columns.map((column) => text.value(row, column)).join(", ")})`);
    statements.push(text.end(into + lists.join(", ") + end));
  }
  return statements;
}

export function compileUpsert(input: Parsed<SqlOperations["upsert"]>, dialect: Dialect): Statement[] {
  const { rows, conflict, returning } = input;
  const columns = Object.keys(rows[0] ?? {});
  const { update = columns.filter((column) => !conflict.includes(column)) } = input;
  for (const column of [...conflict, ...update])
    if (!columns.includes(column))
      throw invalid(`The rows have no column "${column}"`, "`conflict` and `update` name columns of the rows.");
  const end = dialect.onConflict(conflict.map(dialect.quote), update.map(dialect.quote));
  return compileInsertMany(input, dialect, end + returningClause("upsert", returning, dialect));
}

interface Where {
  readonly where?: Row | undefined;
  readonly all?: boolean | undefined;
  readonly returning?: Returning | undefined;
}

export function compileUpdate(
  input: Where & { readonly table: Table; readonly data: Row },
  dialect: Dialect,
): Statement {
  const text = new StatementText(dialect);
  const columns = Object.keys(input.data);
  if (columns.length === 0) throw invalid("The update sets no column");
  const sets = columns.map((column) => `${dialect.quote(column)} = ${text.value(input.data, column)}`);
  const sql = `UPDATE ${quoteTable(input.table, dialect)} SET ${sets.join(", ")}${whereClause("update", input, text)}`;
  return text.end(sql + returningClause("update", input.returning, dialect));
}

export function compileDelete(input: Where & { readonly table: Table }, dialect: Dialect): Statement {
  const text = new StatementText(dialect);
  const sql = `DELETE FROM ${quoteTable(input.table, dialect)}${whereClause("delete", input, text)}`;
  return text.end(sql + returningClause("delete", input.returning, dialect));
}

function whereClause(what: "update" | "delete", { where = {}, all = false }: Where, text: StatementText): string {
  const condition = compileWhere(where, text);
  if (condition !== undefined) return ` WHERE ${condition}`;
  if (all) return "";
  throw invalid(
    `A ${what} without a \`where\` would ${what === "update" ? "change" : "delete"} every row`,
    "Name the rows in `where`, or say `all: true` if every row is meant.",
    WHERE_GUARD,
  );
}

function returningClause(what: Changing, returning: Returning | undefined, dialect: Dialect): string {
  if (returning === undefined || returning === false) return "";
  if (!dialect.returning.has(what))
    throw new ConnectorError("unsupported", `This database cannot answer ${SORTS[what]} with the rows`, {
      outcome: "none",
    });
  return ` RETURNING ${returning === true ? "*" : returning.map(dialect.quote).join(", ")}`;
}

function invalid(message: string, hint?: string, by?: string): ConnectorError {
  return new ConnectorError("input_invalid", message, { hint, by, outcome: "none" });
}
