/** Rows enough for the system's own way to take many: COPY, LOAD DATA. */
import assert from "node:assert/strict";
import type { Place } from "./value-places.ts";
import type { Watched } from "./watched.ts";

const table = "target";
/** Fewer are one INSERT. */
const MANY = 60;

let ids = 100_000;

type Row = Record<string, unknown>;

function rowsWith(body: string): Row[] {
  return Array.from({ length: MANY }, () => ({ id: ++ids, body, mark: 0, doc: { [body]: body } }));
}

async function* yielded(rows: readonly Row[]): AsyncGenerator<Row> {
  for (const row of rows) yield await Promise.resolve(row);
}

async function load({ connector, admin }: Watched, rows: readonly Row[], given: unknown): Promise<void> {
  const input = { table, rows: given as Row[] };
  assert.deepEqual(await connector.execute("insertMany", input), { count: MANY });
  const where = { id: rows.map(({ id }) => id) };
  const found = await admin.execute("select", { table, columns: ["body", "doc"], where });
  assert.equal(found.rows.length, MANY);
  for (const { body, doc } of found.rows) assert.deepEqual([body, doc], [rows[0]!["body"], rows[0]!["doc"]]);
  await admin.execute("delete", { table, where });
}

/** What goes in comes out, byte for byte. */
export const MANY_ROWS_PLACES: readonly Place[] = [
  {
    name: "insertMany of many rows",
    async put(watched, body) {
      const rows = rowsWith(body);
      await load(watched, rows, rows);
    },
  },
  {
    name: "insertMany of what a source yields",
    async put(watched, body) {
      const rows = rowsWith(body);
      await load(watched, rows, yielded(rows));
    },
  },
  {
    name: "insertMany of many rows, in a transaction with a savepoint",
    put: ({ connector }, body) =>
      connector.transaction((tx) => tx.transaction((inner) => inner.insertMany({ table, rows: rowsWith(body) }))),
  },
  {
    name: "insertMany of many rows, with an idempotency key",
    put: ({ connector }, body) => {
      const rows = rowsWith(body);
      return connector.execute("insertMany", { table, rows }, { idempotencyKey: `load ${String(rows[0]!["id"])}` });
    },
  },
];
