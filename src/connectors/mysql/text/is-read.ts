/** Telling reads from writes by what the server says of a statement that it has prepared. */
import type { Field } from "../values/types.ts";

/**
 * Statements that answer with rows and are no reads, as the columns that the server tells beforehand show: ANALYZE TABLE,
 * OPTIMIZE, REPAIR and the like, which commit, and MariaDB's ANALYZE, which carries out whatever it measures, INTO OUTFILE too.
 */
const NO_READS: ReadonlySet<string> = new Set([
  "Table,Op,Msg_type,Msg_text",
  "ANALYZE",
  "id,select_type,table,type,possible_keys,key,key_len,ref,rows,r_rows,filtered,r_filtered,Extra",
]);

/** Whether a statement with these columns, as the server tells them beforehand, reads and does nothing else. */
export function isRead(columns: readonly Pick<Field, "name">[]): boolean {
  return columns.length > 0 && !NO_READS.has(columns.map(({ name }) => name).join());
}
