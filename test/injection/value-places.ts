/** Everywhere that a value of the caller's goes, and what must come of it. */
import assert from "node:assert/strict";
import type { Watched } from "./watched.ts";

export interface Place {
  readonly name: string;
  /** A text that is taken there, as new as any. Default: any word. */
  readonly harmless?: string;
  /** Puts the text there. Whatever the system refuses, it throws. */
  put(this: void, watched: Watched, text: string): Promise<unknown>;
}

let ids = 100;
const next = (): number => ++ids;
const table = "target";

const operators = "eq ne gt gte lt lte like notLike startsWith endsWith contains".split(" ");

/** What comes back of a row is what went in, byte for byte. */
async function stored({ admin }: Watched, id: number): Promise<unknown> {
  const { rows } = await admin.execute("select", { table, where: { id }, columns: ["body"] });
  return rows[0]?.["body"];
}

/** A cursor of a page whose values are replaced. */
async function forged({ admin }: Watched, text: string, orderBy: string[]): Promise<string> {
  const { next: after } = await admin.execute("select", { table, orderBy, limit: 1 });
  const [version, question, ...rest] = JSON.parse(Buffer.from(after!, "base64url").toString()) as unknown[];
  return Buffer.from(JSON.stringify([version, question, orderBy.map(() => text), ...rest.slice(1)])).toString(
    "base64url",
  );
}

/** Here the number of statements hangs on where the text stands among the rows. */
export const INSIDE_A_CURSOR = "select, inside of a cursor";

export const VALUE_PLACES: readonly Place[] = [
  {
    name: "insert",
    async put(watched, body) {
      const id = next();
      const row = await watched.connector.execute("insert", {
        table,
        data: { id, body, mark: 0 },
        returning: ["body"],
      });
      assert.equal(row["body"], body);
      assert.equal(await stored(watched, id), body);
    },
  },
  {
    name: "insertMany",
    async put({ connector }, body) {
      const rows = [next(), next()].map((id) => ({ id, body, mark: 0 }));
      assert.deepEqual(await connector.execute("insertMany", { table, rows }), { count: 2 });
    },
  },
  {
    name: "upsert",
    async put({ connector }, body) {
      const input = { table, rows: [{ id: 1, body, mark: 0 }], conflict: ["id"] };
      assert.deepEqual(await connector.execute("upsert", input), { count: 1 });
    },
  },
  {
    name: "upsert, in the columns of the conflict",
    async put({ connector }, name) {
      const input = { table: "named", rows: [{ name, mark: 1 }], conflict: ["name"] };
      assert.deepEqual(await connector.execute("upsert", input), { count: 1 });
      assert.deepEqual(await connector.execute("upsert", input), { count: 1 });
    },
  },
  {
    name: "update, as data",
    async put({ connector }, body) {
      assert.equal((await connector.execute("update", { table, data: { body }, where: { id: 1 } })).count, 1);
    },
  },
  ...operators.map((operator): Place => ({
    name: `update, as operand of ${operator}`,
    put: ({ connector }, text) =>
      connector.execute("update", { table, data: { mark: 1 }, where: { body: { [operator]: text } } }),
  })),
  {
    name: "delete, in lists and groups",
    put: ({ connector }, text) =>
      connector.execute("delete", {
        table,
        where: {
          id: { gt: 1 },
          or: [{ body: [text, null] }, { not: { body: { notIn: [text] } } }, { and: [{ body: text }] }],
        },
      }),
  },
  {
    name: "delete, as a number",
    harmless: "7",
    put: ({ connector }, text) => connector.execute("delete", { table, where: { id: text, mark: -1 } }),
  },
  {
    name: "select",
    put: ({ connector }, text) =>
      connector.execute("select", { table, where: { body: { startsWith: text } }, orderBy: ["id"], limit: 2 }),
  },
  {
    name: "select, as a cursor",
    async put({ connector }, text) {
      const error = connector.execute("select", { table, orderBy: ["id"], limit: 1, after: text });
      await assert.rejects(error, { kind: "input_invalid" });
    },
  },
  {
    name: INSIDE_A_CURSOR,
    async put(watched, text) {
      const orderBy = ["body", "id"];
      const after = await forged(watched, text, orderBy);
      await watched.connector.execute("select", { table, orderBy, limit: 1, after });
    },
  },
  ...["query", "execute"].map((operation): Place => ({
    name: `${operation}, in a list`,
    put: ({ connector, placeholder }, text) => {
      const sql = `select id from target where body = ${placeholder(1)} or body = ${placeholder(2)}`;
      return connector.execute(operation as "query", { sql, values: [text, text] });
    },
  })),
  {
    name: "query, by name, beside what only looks like one",
    async put({ connector }, text) {
      const sql = `select ':text' as a, id /* :text */ from target where body = :text or body = :text -- :text`;
      for (const row of await connector.execute("query", { sql, values: { text } })) assert.equal(row["a"], ":text");
    },
  },
  {
    name: "queryStream",
    async put({ connector }, text) {
      const sql = "select body from target where body = :text";
      for await (const row of connector.stream("queryStream", { sql, values: { text } }))
        assert.equal(row["body"], text);
    },
  },
  {
    name: "batch",
    put: ({ connector }, text) =>
      connector.execute("batch", {
        sql: "update target set body = :text where id = :id",
        values: [
          { text, id: 1 },
          { text, id: 2 },
        ],
      }),
  },
  {
    name: "batch, in lists",
    put: ({ connector, placeholder }, text) =>
      connector.execute("batch", {
        sql: `update target set body = ${placeholder(1)} where id = ${placeholder(2)}`,
        values: [
          [text, 1],
          [text, 2],
        ],
      }),
  },
  {
    name: "transaction of statements",
    put: ({ connector }, text) =>
      connector.execute("transaction", {
        statements: [{ sql: "update target set body = :text where id = 1", values: { text } }],
      }),
  },
  {
    name: "transaction of a function, with a savepoint",
    put: ({ connector }, body) =>
      connector.transaction((tx) =>
        tx.transaction((inner) => inner.update({ table, data: { body }, where: { id: 1 } })),
      ),
  },
  {
    name: "explain",
    put: ({ connector }, text) =>
      connector.execute("explain", { sql: "select id from target where body = :text", values: { text } }),
  },
  {
    name: "explain, measured",
    put: ({ connector }, text) =>
      connector.execute("explain", {
        sql: "select id from target where body = :text",
        values: { text },
        analyze: true,
      }),
  },
  {
    name: "describe, as a table",
    put: ({ connector }, name) => connector.execute("describe", { table: [name] }),
  },
  {
    name: "describe, as a schema",
    put: ({ connector }, schema) => connector.execute("describe", { schema }),
  },
  {
    name: "an idempotency key",
    put: ({ connector }, idempotencyKey) =>
      connector.execute("update", { table, data: { mark: 2 }, where: { id: 2 } }, { idempotencyKey }),
  },
  {
    name: "a JSON document, as key and value",
    async put({ connector, admin }, text) {
      const doc = { [text]: [text] };
      await connector.execute("update", { table, data: { doc }, where: { id: 1 } });
      const { rows } = await admin.execute("select", { table, columns: ["doc"], where: { id: 1 } });
      // PostgreSQL's jsonb and a JSON parser agree on everything but the order of keys.
      assert.deepEqual(Object.entries(rows[0]!["doc"] as object), Object.entries(doc));
    },
  },
  {
    name: "a JSON path",
    harmless: "$.a",
    put: ({ connector, atPath }, path) => connector.execute("query", { sql: atPath, values: { path } }),
  },
];
