/**
 * Values on their way back from the server, without losing anything: what JavaScript cannot hold exactly stays text.
 *
 * 64-bit integers and decimals are text, bytes `Uint8Array`, JSON is parsed. `DATETIME` and `TIMESTAMP` are instants: all
 * connections run in UTC, so they come as `Date`; one that no `Date` can be (the zero date, the 30th of February) stays
 * text, as do `DATE` and `TIME`. `BOOLEAN` is the server's word for `TINYINT(1)`: 0 and 1 come as false and true.
 */
/** What the server tells of a column. */
export interface Field {
  readonly name: string;
  readonly columnType: number;
  readonly columnLength: number;
  readonly characterSet: number;
  readonly flags: number;
  readonly decimals: number;
  /** `json`, where MariaDB tells it. */
  readonly extendedFormat?: string;
  readonly extendedTypeName?: string;
}

export const UNSIGNED = 32;
export const BINARY = 63;
const TINY = 1;
export const BIT = 16;

const TYPES: Readonly<Record<number, string>> = {
  ...{ 0: "decimal", 1: "tinyint", 2: "smallint", 3: "int", 4: "float", 5: "double", 6: "null", 7: "timestamp" },
  ...{ 8: "bigint", 9: "mediumint", 10: "date", 11: "time", 12: "datetime", 13: "year", 14: "date", 16: "bit" },
  ...{ 15: "varchar", 245: "json", 246: "decimal", 253: "varchar", 254: "char", 255: "geometry" },
};

export function nameOf(field: Field): string {
  const { columnType, characterSet, flags, extendedFormat, extendedTypeName } = field;
  if (extendedFormat ?? extendedTypeName) return (extendedFormat ?? extendedTypeName)!;
  if (flags & 256) return "enum";
  if (flags & 2_048) return "set";
  if (isBoolean(field)) return "boolean";
  const isBytes = characterSet === BINARY;
  const name = TYPES[columnType] ?? (isBytes ? "blob" : "text");
  if (columnType >= 253 && columnType <= 254 && isBytes) return columnType === 253 ? "varbinary" : "binary";
  return columnType <= 9 && flags & UNSIGNED ? `${name} unsigned` : name;
}

export function isBoolean({ columnType, columnLength, flags }: Field): boolean {
  return columnType === TINY && columnLength === 1 && (flags & UNSIGNED) === 0;
}

/** MariaDB has no such type: a column is text of which it tells that it is JSON. */
export function isJson({ columnType, extendedFormat }: Field): boolean {
  return extendedFormat === "json" || columnType === 245;
}
