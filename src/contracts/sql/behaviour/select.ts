/** Reading tables, page by page too. */
import assert from "node:assert/strict";
import type { Row } from "../operations.ts";
import { HOSTILE } from "./conditions.ts";
import { failure, makePeople, makeTable, type SqlCase, type SqlContext } from "./context.ts";

const PEOPLE: readonly Row[] = [
  { name: "Ada", age: 36 },
  { name: "Grace", age: null },
  { name: "Alan", age: 41 },
  { name: null, age: 36 },
  { name: "Ada", age: null },
];

type Question = Parameters<SqlContext["connector"]["execute"]>[1] & { readonly table: string; readonly limit: number };

/** All pages, one after the other. */
async function allPages({ connector }: SqlContext, question: Question & Row): Promise<Row[][]> {
  const pages: Row[][] = [];
  for (let after: string | undefined; ;) {
    const { rows, next } = await connector.execute("select", after === undefined ? question : { ...question, after });
    assert.ok(rows.length <= question.limit);
    pages.push(rows);
    if (next === undefined) return pages;
    after = next;
    assert.ok(pages.length < 1_000, "pages without end");
  }
}

export const selectCases: readonly SqlCase[] = [
  {
    name: "select answers with the rows, columns and order that are asked for",
    async run(ctx) {
      const table = await makePeople(ctx, PEOPLE);
      const { data, meta } = await ctx.connector.call("select", {
        table,
        columns: ["name"],
        where: { age: { gte: 36 } },
        orderBy: [{ column: "age", direction: "desc" }, "id"],
      });
      assert.deepEqual(data, { rows: [{ name: "Alan" }, { name: "Ada" }, { name: null }] });
      assert.deepEqual(
        meta.columns?.map(({ name }) => name),
        ["name"],
      );
      const all = await ctx.connector.execute("select", { table });
      assert.equal(all.rows.length, 5);
      assert.equal((await ctx.connector.execute("select", { table, limit: 2 })).rows.length, 2);
      const inside = await ctx.connector.transaction((tx) => tx.select({ table, where: { name: "Alan" } }));
      assert.deepEqual(inside.rows, [{ id: 3, name: "Alan", age: 41 }]);
    },
  },
  {
    name: "select gives every row on one page exactly, whatever the order, NULL included",
    async run(ctx) {
      const table = await makePeople(ctx, PEOPLE);
      const orders = [
        ["id"],
        [{ column: "id", direction: "desc" }],
        ["age", "id"],
        [{ column: "age", direction: "desc" }, "id"],
        ["name", { column: "age", direction: "desc" }, "id"],
        [
          { column: "name", direction: "desc" },
          { column: "id", direction: "desc" },
        ],
      ] as const;
      for (const orderBy of orders)
        for (const limit of [1, 2, 5, 6]) {
          const whole = await ctx.connector.execute("select", { table, orderBy: [...orderBy] });
          const pages = await allPages(ctx, { table, orderBy: [...orderBy], limit });
          assert.deepEqual(pages.flat(), whole.rows, `${JSON.stringify(orderBy)} by ${limit}`);
        }
    },
  },
  {
    name: "select pages through groups of equal values in any mix of directions",
    async run(ctx) {
      const { connector, types } = ctx;
      const table = await makeTable(ctx, `id ${types.id}, a ${types.int32}, b ${types.int32}`);
      const few = [null, 1, 2];
      const rows = Array.from({ length: 36 }, (_, n) => ({ a: few[n % 3]!, b: few[(n >> 2) % 3]! }));
      await connector.execute("insertMany", { table, rows });
      const directions = ["asc", "desc"] as const;
      for (const a of directions)
        for (const b of directions)
          for (const id of directions) {
            const columns = { a, b, id };
            const orderBy = Object.entries(columns).map(([column, direction]) => ({ column, direction }));
            const whole = await connector.execute("select", { table, orderBy });
            for (const limit of [1, 3, 7])
              assert.deepEqual((await allPages(ctx, { table, orderBy, limit })).flat(), whole.rows);
          }
    },
  },
  {
    name: "select loses no row between two pages: an order that cannot tell rows apart is refused",
    async run(ctx) {
      const table = await makePeople(ctx, PEOPLE);
      const error = await failure(
        ctx.connector.execute("select", { table, where: { age: 36 }, orderBy: ["age"], limit: 1 }),
        "input_invalid",
      );
      assert.match(error.hint ?? "", /primary key/);
    },
  },
  {
    name: "select goes on where the values are finer than JavaScript's",
    async run(ctx) {
      const { types, connector } = ctx;
      const table = await makeTable(ctx, `at ${types.fineTimestamp}, big ${types.int64}, price ${types.fineDecimal}`);
      const rows = Array.from({ length: 9 }, (_, n) => ({
        at: `2024-01-01 00:00:00.00000${n}`,
        big: `900719925474099${n}`,
        price: `0.1234567890123456789${n}`,
      }));
      await connector.execute("insertMany", { table, rows });
      for (const column of ["at", "big", "price"])
        assert.equal((await allPages(ctx, { table, orderBy: [column], limit: 2 })).flat().length, 9, column);
    },
  },
  {
    name: "pages of a table whose columns are called like busbar's own are refused, and nothing else is",
    async run(ctx) {
      const { connector, types } = ctx;
      const table = await makeTable(ctx, `id ${types.id}, busbar_key_1 ${types.int32}, busbar_raw_2 ${types.int32}`);
      await connector.execute("insertMany", {
        table,
        rows: [1, 2].map((n) => ({ busbar_key_1: n, busbar_raw_2: -n })),
      });
      const page = { table, orderBy: ["id"], limit: 1 };
      await failure(connector.execute("select", page), "unsupported");
      await failure(connector.execute("select", { ...page, columns: ["busbar_key_1"] }), "unsupported");
      const { rows } = await connector.execute("select", { ...page, columns: ["busbar_raw_2"] });
      assert.deepEqual(rows, [{ busbar_raw_2: -1 }]);
      const all = await connector.execute("select", { table, columns: ["busbar_key_1"], orderBy: ["id"] });
      assert.deepEqual(all.rows, [{ busbar_key_1: 1 }, { busbar_key_1: 2 }]);
    },
  },
  {
    name: "a cursor that is none, or of another question, is refused",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx, PEOPLE);
      const question = { table, orderBy: ["id"], limit: 2 };
      const { next: after = "" } = await connector.execute("select", question);
      const forged = Buffer.from(JSON.stringify([2, "x", ["1"], 0])).toString("base64url");
      const wrong: Row[] = [
        ...[...HOSTILE, forged, `${after}x`, after.slice(1)].map((each) => ({ after: each })),
        { after, orderBy: ["name"] },
        { after, orderBy: [{ column: "id", direction: "desc" }] },
        { after, where: { age: 36 } },
        { after, orderBy: undefined },
        { after, limit: undefined },
        { after: "" },
      ];
      for (const each of wrong) await failure(connector.execute("select", { ...question, ...each }), "input_invalid");
      assert.equal((await connector.execute("select", { ...question, after, limit: 9 })).rows.length, 3);
      // What a cursor says of its page is worth time only, and beyond NULL there is nothing.
      const [version, print, , same] = JSON.parse(Buffer.from(after, "base64url").toString()) as unknown[];
      const end = Buffer.from(JSON.stringify([version, print, [null], same])).toString("base64url");
      assert.deepEqual((await connector.execute("select", { ...question, after: end })).rows, []);
    },
  },
  {
    name: "select takes hostile names for what they are: columns that do not exist",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx, PEOPLE);
      for (const name of HOSTILE)
        for (const part of [{ columns: [name] }, { orderBy: [name] }, { orderBy: [name], limit: 1 }])
          await failure(connector.execute("select", { table, ...part }), "not_found");
      for (const name of HOSTILE) await failure(connector.execute("select", { table: [name] }), "not_found");
    },
  },
];
