/**
 * Many rows by binary COPY: some five times as fast as statements, and the server checks them as it does any others.
 *
 * A batch with a value that is not certain to be stored as INSERT would store it goes in by INSERT, between two COPYs of
 * the same transaction, so order and outcome are the same. A table that COPY treats otherwise than INSERT (a view, rules,
 * row security, columns that the database fills itself) is left to INSERT altogether.
 */
import type { Call } from "../../../core/call.ts";
import { toConnectorError } from "../../../core/classify.ts";
import type { Loader, LoadTarget, SqlConnection } from "../../../contracts/sql/connection.ts";
import type { Row } from "../../../contracts/sql/operations.ts";
import { classify } from "../errors.ts";
import { dialect } from "../text/dialect.ts";
import type { CopyIn } from "./copy-in.ts";
import { RowEncoder, type ColumnWriter } from "./row-encoder.ts";
import { arrayOf } from "./binary/array.ts";
import { writerOf, type Write } from "./binary/writers.ts";

const CATALOG = `SELECT a.attname AS name, coalesce(b.oid, t.oid) AS type, coalesce(b.typtype, t.typtype) = 'e' AS "isEnum",
  e.oid AS element, e.typtype = 'e' AS "isEnumList", a.attidentity = 'a' OR a.attgenerated <> '' AS "isFilled",
  c.relkind IN ('r', 'p') AND NOT c.relhasrules AND NOT c.relrowsecurity AS "isPlain"
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
LEFT JOIN pg_type e ON coalesce(b.typcategory, t.typcategory) = 'A' AND e.oid = coalesce(b.typelem, t.typelem)
WHERE c.oid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`;

/** A row of that. */
interface Column {
  readonly name: string;
  readonly type: number;
  readonly isEnum: boolean;
  /** The type of a list's items. */
  readonly element: number | null;
  readonly isEnumList: boolean | null;
  readonly isFilled: boolean;
  readonly isPlain: boolean;
}

/** What it takes of a connection. */
export interface CopyConnection extends Pick<SqlConnection, "run"> {
  /** Begins a COPY; `answer` fails as any statement. */
  copyIn(sql: string, call: Call | undefined): { readonly copy: CopyIn; readonly answer: Promise<number> };
}

/** Begins to load; undefined where the table is left to INSERT. */
export async function beginLoad(
  connection: CopyConnection,
  target: LoadTarget,
  call: Call | undefined,
): Promise<Loader | undefined> {
  const { rows } = await connection.run({ sql: CATALOG, values: [target.table] }, { call });
  // The statement answers so.
  const columns = writersOf(rows as unknown as readonly Column[], target.columns);
  if (columns === undefined) return undefined;
  const loading = new Loading(connection, target, columns, call);
  return { add: (batch) => loading.add(batch), end: () => loading.end(), abandon: () => loading.abandon() };
}

function writersOf(found: readonly Column[], names: readonly string[]): ColumnWriter[] | undefined {
  const writers: ColumnWriter[] = [];
  for (const name of names) {
    const column = found.find((each) => each.name === name);
    if (column === undefined || column.isFilled || !column.isPlain) return undefined;
    const write = writerFor(column);
    if (write === undefined) return undefined;
    writers.push({ name, write });
  }
  return writers;
}

function writerFor({ type, isEnum, element, isEnumList }: Column): Write | undefined {
  if (element === null) return writerOf(type, isEnum);
  const write = writerOf(element, isEnumList === true);
  return write && arrayOf(element, write);
}

class Loading {
  readonly #connection: CopyConnection;
  readonly #target: LoadTarget;
  readonly #encoder: RowEncoder;
  readonly #sql: string;
  readonly #call: Call | undefined;
  #running: { readonly copy: CopyIn; readonly answer: Promise<number> } | undefined;
  /** Rows before the COPY that is running. */
  #before = 0;
  #rows = 0;

  constructor(
    connection: CopyConnection,
    target: LoadTarget,
    columns: readonly ColumnWriter[],
    call: Call | undefined,
  ) {
    this.#connection = connection;
    this.#target = target;
    this.#encoder = new RowEncoder(columns);
    this.#call = call;
    const names = columns.map(({ name }) => dialect.quote(name)).join(", ");
    this.#sql = `COPY ${target.table} (${names}) FROM STDIN (FORMAT binary)`;
  }

  async add(batch: readonly Row[]): Promise<number> {
    const messages = this.#encoder.encode(batch);
    let count = 0;
    if (messages === undefined) count = (await this.end()) + (await this.#target.insert(batch));
    else {
      if (this.#running === undefined) {
        this.#before = this.#rows;
        const running = this.#connection.copyIn(this.#sql, this.#call);
        this.#running = running;
        // Whoever waits hears of it; between two batches nobody does.
        running.answer.catch(() => {});
        await running.copy.send(this.#encoder.begin());
      }
      const { copy, answer } = this.#running;
      await copy.send(messages);
      if (copy.hasFailed) await this.#told(answer);
    }
    this.#rows += batch.length;
    return count;
  }

  async end(): Promise<number> {
    if (this.#running === undefined) return 0;
    const { copy, answer } = this.#running;
    await copy.send(this.#encoder.end());
    copy.end();
    const count = await this.#told(answer);
    this.#running = undefined;
    return count;
  }

  async abandon(): Promise<void> {
    this.#running?.copy.fail();
    await this.#running?.answer.catch(() => {});
  }

  /** The failing row, and the column where the server names it, among all rows of the call. */
  async #told(answer: Promise<number>): Promise<number> {
    try {
      return await answer;
    } catch (thrown) {
      const { where } = thrown as { readonly where?: unknown };
      const match = typeof where === "string" ? /^COPY .+?, line (\d+)(?:, column ([^\n]*?))?$/m.exec(where) : null;
      if (match === null) throw thrown;
      const error = toConnectorError(thrown, classify);
      const [, line, column] = match;
      const row = `Row ${this.#before + Number(line)}`;
      error.message = `${row}${column === undefined ? "" : `, column ${column}`}: ${error.message}`;
      throw error;
    }
  }
}
