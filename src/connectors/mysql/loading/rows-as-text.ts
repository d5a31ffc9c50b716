/** Rows in the text that LOAD DATA reads: tabs between values, a line for each row, `\N` for NULL. */
import { ConnectorError } from "../../../core/errors.ts";
import type { Row } from "../../../contracts/sql/operations.ts";
import { describe, encode } from "../values/parameters.ts";
import { BINARY, isJson, type Field } from "../values/types.ts";

/** Whether text in a column of this type means what the value means as a parameter. */
export function isTextual(field: Field): boolean {
  const { columnType, characterSet, flags } = field;
  if (isJson(field)) return true;
  // Of ENUM and SET, numbers are places in their list.
  if ((flags & (256 | 2_048)) !== 0) return false;
  if (NUMBERS_AND_TIMES.has(columnType)) return true;
  return TEXTS.has(columnType) && characterSet !== BINARY;
}

const NUMBERS_AND_TIMES = new Set([0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 246]);
const TEXTS = new Set([15, 249, 250, 251, 252, 253, 254]);

/** Undefined where a value is none that text can hold. Throws `input_invalid`, without the value; rows count from `first`. */
export function rowsAsText(rows: readonly Row[], columns: readonly string[], first: number): string | undefined {
  let text = "";
  // Every row and value comes by here: an iterator would make an object for each.
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!;
    for (let nth = 0; nth < columns.length; nth++) {
      const column = columns[nth]!;
      const value = row[column];
      const sent = encode(value);
      if (sent === undefined) throw unsendable(value, column, first + at);
      if (sent instanceof Uint8Array) return undefined;
      if (nth > 0) text += "\t";
      text += sent === null ? "\\N" : typeof sent === "string" ? escaped(sent) : String(sent);
    }
    text += "\n";
  }
  return text;
}

const escaped = (text: string): string => (/[\\\t\n]/.test(text) ? text.replaceAll(/[\\\t\n]/g, "\\$&") : text);

function unsendable(value: unknown, column: string, at: number): ConnectorError {
  return new ConnectorError("input_invalid", `Row ${at + 1}: the value of column "${column}" is ${describe(value)}`, {
    outcome: "none",
    hint: value === undefined ? "Say null where there is no value." : undefined,
  });
}
