/** What a statement is answered with, as the driver gives it. */
import type { SqlResult } from "../../../contracts/sql/connection.ts";
import type { Header } from "../wire/client.ts";
import { RowReader } from "../values/row-reader.ts";
import type { Field } from "../values/types.ts";

export interface Answer extends Pick<SqlResult, "rows" | "columns" | "count"> {
  /** What the server says of the session; of statements without rows. */
  readonly header?: Header;
}

/** A procedure answers with several results: the first one with rows counts. */
export function answerOf(given: unknown, fields: unknown): Answer {
  if (!Array.isArray(given)) {
    const header = given as Header;
    return { rows: [], columns: [], count: header.affectedRows, header };
  }
  const isMany = Array.isArray(fields) && fields.some((each) => each === undefined || Array.isArray(each));
  const at = isMany ? (fields as unknown[]).findIndex(Array.isArray) : 0;
  const rows = (isMany ? given[at] : given) as readonly (readonly unknown[])[];
  const reader = new RowReader(((isMany ? (fields as unknown[])[at] : fields) ?? []) as readonly Field[]);
  const last: unknown = isMany ? given.at(-1) : undefined;
  const answer = { rows: rows.map((row) => reader.read(row)), columns: reader.columns, count: rows.length };
  return last === undefined || Array.isArray(last) ? answer : { ...answer, header: last as Header };
}

/** ANALYZE, OPTIMIZE, REPAIR and the like answer with rows too, always the same four columns, and commit. */
export function isRead(columns: readonly Field[]): boolean {
  return columns.length > 0 && columns.map(({ name }) => name).join() !== "Table,Op,Msg_type,Msg_text";
}

export function errnoOf(error: unknown): unknown {
  return (error as { readonly errno?: unknown } | null)?.errno;
}

export function isOfServer(error: unknown): boolean {
  return "sqlState" in (error as object) && (error as { readonly fatal?: unknown }).fatal !== true;
}
