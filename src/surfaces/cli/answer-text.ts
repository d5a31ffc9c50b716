/** An answer as people read it: rows as a table, text as it is, everything else as indented JSON. */
import type { CallMeta } from "../../core/record.ts";
import { toJsonValue } from "../../core/json-value.ts";
import type { Output } from "./output.ts";
import { printableJson, printableText } from "./printable.ts";
import { renderTable } from "./table.ts";

type Row = Readonly<Record<string, unknown>>;

export function answerText(data: unknown, meta: Pick<CallMeta, "columns">, { width, paint }: Output): string {
  if (typeof data === "string") return printableText(data.endsWith("\n") ? data : `${data}\n`);
  if (!isRows(data) || (data.length === 0 && meta.columns === undefined))
    return `${printableJson(JSON.stringify(toJsonValue(data), null, 2))}\n`;
  const names = new Set(meta.columns?.map(({ name }) => name));
  for (const row of data) for (const name of Object.keys(row)) names.add(name);
  const columns = [...names];
  const cells = data.map((row) => columns.map((name) => cellText(row[name])));
  const right = new Set(columns.flatMap((name, at) => (isNumeric(data, name) ? [at] : [])));
  const table = renderTable(columns, cells, { width, right, paintTitle: (title) => paint("bold", title) });
  return `${table}${paint("dim", data.length === 1 ? "(1 row)" : `(${data.length} rows)`)}\n`;
}

function isRows(data: unknown): data is readonly Row[] {
  return Array.isArray(data) && data.every(isRow);
}

function isRow(value: unknown): value is Row {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isNumeric(rows: readonly Row[], name: string): boolean {
  const values = rows.map((row) => row[name]).filter((value) => value !== null && value !== undefined);
  return values.length > 0 && values.every((value) => typeof value === "number" || typeof value === "bigint");
}

function cellText(value: unknown): string {
  if (value === undefined) return "";
  if (value === null) return "NULL";
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString("hex")}`;
  if (typeof value === "number") return String(value);
  const json = toJsonValue(value);
  return typeof json === "string" ? json : JSON.stringify(json);
}
