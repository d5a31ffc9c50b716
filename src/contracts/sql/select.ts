/**
 * Reading a table page by page, by keys and not by numbers: a page begins after the values at which the one before ended,
 * so it costs the same wherever it is (beyond.ts), and rows that come and go move no others.
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
import { stretchesBeyond, type Order, type Place, type Stretch } from "./beyond.ts";
import { cursorOf, placeOfCursor } from "./cursor.ts";
import { quoteTable, type Dialect } from "./dialect.ts";
import type { Row, SqlOperations } from "./operations.ts";
import type { Statement } from "./statement.ts";
import { StatementText } from "./statement-text.ts";
import { tooLarge } from "./too-large.ts";
import { compileWhere } from "./where.ts";

type Input = Parsed<SqlOperations["select"]>;

/** What is asked of a connection: one statement, with the input's bounds. */
type Run = (statement: Statement, bounds: Pick<Input, "maxRows" | "maxBytes">) => Promise<SqlResult>;

/** What is found, and the columns that were asked for. */
export interface Selected {
  readonly page: Answer<SqlOperations["select"]>;
  readonly columns: readonly Column[];
}

/** Runs as many statements as it takes to fill the page: mostly one. */
export async function selectRows(input: Input, dialect: Dialect, run: Run): Promise<Selected> {
  const { limit = Infinity, maxBytes } = input;
  // One row more than the page has is read, and is no part of the answer.
  const maxRows = input.maxRows !== undefined && input.maxRows < limit ? input.maxRows : undefined;
  const [first, ...others] = stretchesOf(input);
  let { rows, columns } = await run(compileSelect(input, dialect, first), { maxRows, maxBytes });
  for (const stretch of others) {
    if (rows.length > limit) break;
    const more = await run(compileSelect(input, dialect, stretch, rows.length), { maxRows, maxBytes });
    rows = [...rows, ...more.rows];
    columns = more.columns;
    if (maxRows !== undefined && rows.length > maxRows) throw tooLarge(`maxRows (${maxRows})`);
  }
  return pageOf(input, dialect, { rows, columns });
}

/** Columns that are ours, beside those that are asked for. */
const keyName = (at: number): string => `busbar_key_${at + 1}`;
/** The same column as it is, for its type. */
const rawName = (at: number): string => `busbar_raw_${at + 1}`;

/** The parts of the order that are read, one after the other; undefined is all of it. */
function stretchesOf(input: Input): readonly (Stretch | undefined)[] {
  const { limit, after } = input;
  if (after === undefined) return [undefined];
  const order = orderOf(input);
  if (order.length === 0 || limit === undefined)
    throw invalid("`after` takes `orderBy` and `limit`", "Ask as for the first page, and add `after`.");
  return stretchesBeyond(order, placeOfCursor(after, question(input), order.length));
}

/** Reads one stretch, where `found` rows of the page are there already. */
function compileSelect(input: Input, dialect: Dialect, stretch: Stretch | undefined, found = 0): Statement {
  const { table, columns, where = {}, limit } = input;
  const order = orderOf(input);
  const text = new StatementText(dialect);
  const keys = isPaged(input)
    ? order.map(({ column }, at) => `${dialect.exactText(dialect.quote(column))} AS ${dialect.quote(keyName(at))}`)
    : [];
  const raw = keys.map((_, at) => `${dialect.quote(order[at]!.column)} AS ${dialect.quote(rawName(at))}`);
  if (dialect.canPageBy !== undefined) keys.push(...raw);
  const what = [columns === undefined ? "*" : columns.map(dialect.quote).join(", "), ...keys].join(", ");
  const conditions = [compileWhere(where, text), stretch?.(text)].filter((each) => each !== undefined);
  const sorted = order.map(({ column, direction }) => dialect.order(dialect.quote(column), direction)).join(", ");
  const sql = [
    `SELECT ${what} FROM ${quoteTable(table, dialect)}`,
    conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "",
    sorted === "" ? "" : `ORDER BY ${sorted}`,
    limit === undefined ? "" : `LIMIT ${limit + keys.slice(0, 1).length - found}`,
  ];
  return text.end(sql.filter(Boolean).join(" "));
}

/** The page among the rows that were found. */
function pageOf(
  input: Input,
  { canPageBy }: Dialect,
  { rows, columns }: Pick<SqlResult, "rows" | "columns">,
): Selected {
  if (!isPaged(input)) return { page: { rows: [...rows] }, columns };
  const { limit = Infinity } = input;
  const order = orderOf(input);
  if (canPageBy !== undefined)
    columns.slice(-order.length).forEach(({ type }, at) => {
      if (!canPageBy(type ?? "")) throw unpaged(order[at]!.column, type ?? "");
    });
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
  const own = columns.slice(0, columns.length - order.length * (canPageBy === undefined ? 1 : 2));
  // Of two columns with one name, a row has the last.
  const taken = own.find(({ name }) => order.some((_, at) => name === keyName(at) || name === rawName(at)));
  if (taken !== undefined) throw isTaken(taken.name);
  const asked = page.map((row) => Object.fromEntries(own.map(({ name }) => [name, row[name]])));
  if (following === undefined || ends === undefined) return { page: { rows: asked }, columns: own };
  return { page: { rows: asked, next: cursorOf(question(input), placeOf(keysOf(page[0]!), ends)) }, columns: own };
}

/** Where a page from `begins` to `ends` leaves off. */
function placeOf(begins: Place["values"], ends: Place["values"]): Place {
  const differs = ends.findIndex((value, at) => value !== begins[at]);
  return { values: ends, same: differs === -1 ? ends.length - 1 : differs };
}

const isPaged = ({ orderBy, limit }: Input): boolean => orderBy !== undefined && limit !== undefined;

function orderOf({ orderBy = [] }: Input): Order[] {
  return orderBy.map((each) => (typeof each === "string" ? { column: each, direction: "asc" } : each));
}

const question = (input: Input): unknown => [input.table, input.where ?? {}, orderOf(input).map(Object.values)];

function isTaken(column: string): ConnectorError {
  return new ConnectorError(
    "unsupported",
    `Pages of a table with a column "${column}" cannot be read: busbar uses the name`,
    {
      outcome: "none",
      hint: "Name other columns in `columns`, or read without `limit` or `orderBy`.",
    },
  );
}

function unpaged(column: string, type: string): ConnectorError {
  return new ConnectorError("unsupported", `Pages cannot be ordered by column "${column}", which is of type ${type}`, {
    outcome: "none",
    hint: "The database orders such values in another way than it compares them. Order by another column, or read all.",
  });
}

function invalid(message: string, hint: string): ConnectorError {
  return new ConnectorError("input_invalid", message, { hint, outcome: "none" });
}
