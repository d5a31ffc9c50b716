/** What a server says of a prepared statement that holds no more. It is refused before anything is done. */

/** invalid_sql_statement_name: nothing is prepared under it. */
const FORGOTTEN = "26000";
/** feature_not_supported: among others, that a prepared statement answers with other columns than before. */
const CHANGED = "0A000";

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code;

/** The server knows none of the connection's statements any more: DISCARD, DEALLOCATE, another server behind a pooler. */
export function isForgotten(error: unknown): boolean {
  return codeOf(error) === FORGOTTEN;
}

/** That, or the table has other columns now. */
export function isOutdated(error: unknown): boolean {
  if (isForgotten(error)) return true;
  return codeOf(error) === CHANGED && error instanceof Error && error.message.startsWith("cached plan");
}
