/**
 * Reading a table page by page, by keys and not by numbers: a page begins after the values at which the one before ended,
 * so it costs the same wherever it is, and rows that come and go move no others.
 *
 * That takes an order that tells all rows apart. One row more than the page has is read; where it stands in the same place
 * of the order as the page's last, the next page could not begin between them, and rather than lose rows the call is refused.
 * The values travel as text that the database itself has written, because a `Date` has no microseconds. NULL comes last
 * where ascending and first where descending.
 */
import { ConnectorError } from "../../core/errors.ts";
import type { Answer, Parsed } from "../../core/operation.ts";
import type { Column } from "../../core/record.ts";
import type { SqlResult } from "./connection.ts";
import { cursorOf, valuesOfCursor } from "./cursor.ts";
import { quoteTable, type Dialect } from "./dialect.ts";
import type { Row, SqlOperations } from "./operations.ts";
import type { Statement } from "./statement.ts";
import { StatementText } from "./statement-text.ts";
import { compileWhere } from "./where.ts";

type Input = Parsed<SqlOperations["select"]>;

interface Order {
  readonly column: string;
  readonly direction: "asc" | "desc";
}

/** Columns that are ours, beside those that are asked for. */
const keyName = (at: number): string => `busbar_key_${at + 1}`;

export function compileSelect(input: Input, dialect: Dialect): Statement {
  const { table, columns, where = {}, limit, after } = input;
  const order = orderOf(input);
  if (after !== undefined && (order.length === 0 || limit === undefined))
    throw invalid("`after` takes `orderBy` and `limit`", "Ask as for the first page, and add `after`.");
  const text = new StatementText(dialect);
  const keys = isPaged(input)
    ? order.map(({ column }, at) => `${dialect.exactText(dialect.quote(column))} AS ${dialect.quote(keyName(at))}`)
    : [];
  const what = [columns === undefined ? "*" : columns.map(dialect.quote).join(", "), ...keys].join(", ");
  const conditions = [
    compileWhere(where, text),
    after === undefined ? undefined : beyond(order, valuesOfCursor(after, question(input), order.length), text),
  ].filter((each) => each !== undefined);
  const sorted = order.map(({ column, direction }) => dialect.order(dialect.quote(column), direction)).join(", ");
  const sql = [
    `SELECT ${what} FROM ${quoteTable(table, dialect)}`,
    conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "",
    sorted === "" ? "" : `ORDER BY ${sorted}`,
    limit === undefined ? "" : `LIMIT ${limit + keys.slice(0, 1).length}`,
  ];
  return text.end(sql.filter(Boolean).join(" "));
}

/** The page that the statement above has found, and the columns that were asked for. */
export function pageOf(
  input: Input,
  { rows, columns }: Pick<SqlResult, "rows" | "columns">,
): { readonly page: Answer<SqlOperations["select"]>; readonly columns: readonly Column[] } {
  if (!isPaged(input)) return { page: { rows: [...rows] }, columns };
  const { limit = Infinity } = input;
  const order = orderOf(input);
  // The server has made these columns text.
  const keysOf = (row: Row): (string | null)[] => order.map((_, at) => row[keyName(at)] as string | null);
  const page = rows.slice(0, limit);
  const [last, following] = [page.at(-1), rows[limit]];
  const ends = last && keysOf(last);
  if (ends !== undefined && following !== undefined && keysOf(following).every((key, at) => key === ends[at]))
    throw invalid(
      "Rows stand in the same place of the order, so that no page can begin between them",
      "Add a column to `orderBy` that tells the rows apart, such as the primary key.",
    );
  const own = columns.slice(0, columns.length - order.length);
  const asked = page.map((row) => Object.fromEntries(own.map(({ name }) => [name, row[name]])));
  if (following === undefined || ends === undefined) return { page: { rows: asked }, columns: own };
  return { page: { rows: asked, next: cursorOf(question(input), ends) }, columns: own };
}

const isPaged = ({ orderBy, limit }: Input): boolean => orderBy !== undefined && limit !== undefined;

function orderOf({ orderBy = [] }: Input): Order[] {
  return orderBy.map((each) => (typeof each === "string" ? { column: each, direction: "asc" } : each));
}

const question = (input: Input): unknown => [input.table, input.where ?? {}, orderOf(input).map(Object.values)];

/** What comes after these values: further in the first column, or the same there and further in the second, … */
function beyond(order: readonly Order[], values: readonly (string | null)[], text: StatementText): string {
  const { quote } = text.dialect;
  const ways = order.map(({ column, direction }, at) => {
    const same = order.slice(0, at).map((each, before) => {
      const value = values[before] ?? null;
      return value === null ? `${quote(each.column)} IS NULL` : `${quote(each.column)} = ${text.parameter(value)}`;
    });
    return [...same, further(quote(column), direction, values[at] ?? null, text)].join(" AND ");
  });
  return `(${ways.map((way) => `(${way})`).join(" OR ")})`;
}

function further(name: string, direction: Order["direction"], value: string | null, text: StatementText): string {
  if (direction === "desc") return value === null ? `${name} IS NOT NULL` : `${name} < ${text.parameter(value)}`;
  return value === null ? "1 = 0" : `(${name} > ${text.parameter(value)} OR ${name} IS NULL)`;
}

function invalid(message: string, hint: string): ConnectorError {
  return new ConnectorError("input_invalid", message, { hint, outcome: "none" });
}
