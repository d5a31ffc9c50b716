/** What a statement is answered with. */
import type { SqlResult } from "../../../contracts/sql/connection.ts";
import { nameOf, type Field } from "../values/types.ts";
import type { Header } from "../protocol/ok.ts";

export interface Answer extends Pick<SqlResult, "rows" | "columns" | "count"> {
  /** What the server says of the session; of statements without rows. */
  readonly header: Header | undefined;
}

/** As the driver gives it, of the few statements that cannot be prepared. */
export function answerOf(given: unknown, fields: unknown, header: Header | undefined): Answer {
  if (!Array.isArray(given) || !Array.isArray(fields))
    return { rows: [], columns: [], count: header?.affectedRows ?? 0, header };
  // The driver's own, where there is one result.
  const named = fields as readonly Field[];
  const rows = (given as readonly (readonly unknown[])[]).map((values) =>
    Object.fromEntries(named.map(({ name }, at) => [name, values[at]])),
  );
  const columns = named.map((field) => ({ name: field.name, type: nameOf(field) }));
  return { rows, columns, count: rows.length, header };
}

export function errnoOf(error: unknown): unknown {
  return (error as { readonly errno?: unknown } | null)?.errno;
}

export function isOfServer(error: unknown): boolean {
  return "sqlState" in (error as object) && (error as { readonly fatal?: unknown }).fatal !== true;
}
