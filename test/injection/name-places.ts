/** Everywhere that a name or a word of the caller's goes. */
import type { Place } from "./value-places.ts";

const table = "target";
const id = 1;
type Row = Record<string, unknown>;
/** A computed key would be the prototype. */
const row = (name: string, value: unknown): Row => Object.fromEntries([[name, value]]);

/** A column that does not exist. */
export const COLUMN_PLACES: readonly Place[] = [
  { name: "select, columns", put: ({ connector }, name) => connector.execute("select", { table, columns: [name] }) },
  { name: "select, where", put: ({ connector }, name) => connector.execute("select", { table, where: row(name, 1) }) },
  {
    name: "select, orderBy",
    put: ({ connector }, name) => connector.execute("select", { table, orderBy: [name, "id"], limit: 1 }),
  },
  {
    name: "select, orderBy descending",
    put: ({ connector }, column) => connector.execute("select", { table, orderBy: [{ column, direction: "desc" }] }),
  },
  {
    name: "delete, in a group",
    put: ({ connector }, name) => connector.execute("delete", { table, where: { id, or: [{ not: row(name, null) }] } }),
  },
  {
    name: "delete, in a pair",
    put: ({ connector }, name) => connector.execute("delete", { table, where: { id, not: [name, null] } }),
  },
  {
    name: "delete, returning",
    put: ({ connector }, name) => connector.execute("delete", { table, where: { id }, returning: [name] }),
  },
  {
    name: "insert",
    put: ({ connector }, name) => connector.execute("insert", { table, data: row(name, 1) }),
  },
  {
    name: "insert, returning",
    put: ({ connector }, name) => connector.execute("insert", { table, data: { id: 7 }, returning: [name] }),
  },
  {
    name: "insertMany",
    put: ({ connector }, name) => connector.execute("insertMany", { table, rows: [row(name, 1)] }),
  },
  {
    name: "insertMany of many rows",
    put: ({ connector }, name) => connector.execute("insertMany", { table, rows: many(name) }),
  },
  {
    name: "upsert",
    put: ({ connector }, name) =>
      connector.execute("upsert", { table, rows: [{ id, ...row(name, 1) }], conflict: [name], update: [name] }),
  },
  {
    name: "upsert, conflict",
    put: ({ connector }, name) =>
      connector.execute("upsert", { table, rows: [{ id, ...row(name, 1) }], conflict: ["id", name], update: [] }),
  },
  {
    name: "upsert, returning",
    put: ({ connector }, name) =>
      connector.execute("upsert", { table, rows: [{ id, mark: 1 }], conflict: ["id"], returning: [name] }),
  },
  {
    name: "update",
    put: ({ connector }, name) => connector.execute("update", { table, data: row(name, 1), where: { id } }),
  },
];

/** Rows enough for the system's own way to take many. */
const many = (name: string): Row[] => Array.from({ length: 60 }, (_, at) => ({ id: 500 + at, ...row(name, 1) }));

/** A table that does not exist. */
export const TABLE_PLACES: readonly Place[] = [
  { name: "select", put: ({ connector }, name) => connector.execute("select", { table: [name] }) },
  { name: "select, as text", put: ({ connector }, name) => connector.execute("select", { table: name }) },
  {
    name: "select, as its schema",
    put: ({ connector }, name) => connector.execute("select", { table: [name, table] }),
  },
  { name: "insert", put: ({ connector }, name) => connector.execute("insert", { table: [name], data: { id } }) },
  {
    name: "insertMany",
    put: ({ connector }, name) => connector.execute("insertMany", { table: [name], rows: [{ id }] }),
  },
  {
    name: "insertMany of many rows",
    put: ({ connector }, name) => connector.execute("insertMany", { table: [name], rows: many("mark") }),
  },
  {
    name: "upsert",
    put: ({ connector }, name) => connector.execute("upsert", { table: [name], rows: [{ id }], conflict: ["id"] }),
  },
  {
    name: "update",
    put: ({ connector }, name) => connector.execute("update", { table: [name], data: { id }, all: true }),
  },
  { name: "delete", put: ({ connector }, name) => connector.execute("delete", { table: [name], all: true }) },
];

/** Words that belong to the grammar of the input: whatever is not in it is refused before anything is sent. */
export const WORD_PLACES: readonly Place[] = [
  {
    name: "a direction",
    put: ({ connector }, direction) =>
      connector.execute("select", { table, orderBy: [{ column: "id", direction: direction as "asc" }] }),
  },
  {
    name: "a limit",
    put: ({ connector }, limit) => connector.execute("select", { table, limit: limit as unknown as number }),
  },
  {
    name: "an operator",
    put: ({ connector }, name) => connector.execute("delete", { table, where: { id: row(name, 1) } }),
  },
  {
    name: "an isolation level",
    put: ({ connector }, isolation) =>
      connector.execute("transaction", { statements: [{ sql: "select 1" }], isolation: isolation as "serializable" }),
  },
  {
    name: "an isolation level of a function",
    put: ({ connector }, isolation) =>
      connector.transaction((tx) => tx.query({ sql: "select 1" }), { isolation: isolation as "serializable" }),
  },
  ...(["columns", "orderBy", "where", "after", "maxRows"] as const).map((field): Place => ({
    name: `${field} of select`,
    put: ({ connector }, text) => connector.execute("select", { table, ...row(field, text) }),
  })),
  ...(["rows", "conflict", "update", "returning"] as const).map((field): Place => ({
    name: `${field} of upsert`,
    put: ({ connector }, text) =>
      connector.execute("upsert", { table, rows: [{ id, mark: 1 }], conflict: ["id"], ...row(field, text) }),
  })),
  {
    name: "all",
    put: ({ connector }, all) => connector.execute("delete", { table, all: all as unknown as boolean }),
  },
  {
    name: "analyze",
    put: ({ connector }, analyze) =>
      connector.execute("explain", { sql: "select 1", analyze: analyze as unknown as boolean }),
  },
  {
    name: "a table of four names",
    put: ({ connector }, text) => connector.execute("select", { table: `a.b.c.${text}` }),
  },
  {
    name: "the size of a batch",
    put: ({ connector }, size) => {
      const input = { sql: "select 1", batchSize: size as unknown as number };
      return connector.stream("queryStream", input).next();
    },
  },
];
