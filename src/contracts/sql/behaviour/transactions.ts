/** Transactions: lists of statements, and functions. */
import assert from "node:assert/strict";
import { ConnectorError } from "../../../core/errors.ts";
import { column, failure, makePeople, makeTable, size, type SqlCase } from "./context.ts";

const ADA = { name: "Ada", age: 36 };
const GRACE = { name: "Grace", age: 85 };

export const transactionCases: readonly SqlCase[] = [
  {
    name: "a transaction of statements answers with the result of each",
    async run(ctx) {
      const table = await makePeople(ctx, [ADA, GRACE]);
      const results = await ctx.connector.execute("transaction", {
        statements: [
          { sql: `UPDATE ${table} SET age = 1 WHERE id = ${ctx.placeholder(1)}`, values: [1] },
          { sql: `SELECT age FROM ${table} ORDER BY id` },
        ],
        isolation: "serializable",
      });
      assert.deepEqual(results, [
        { count: 1, rows: [] },
        { count: 2, rows: [{ age: 1 }, { age: 85 }] },
      ]);
    },
  },
  {
    name: "a transaction of statements leaves nothing behind when one fails, and says which",
    async run(ctx) {
      const table = await makePeople(ctx, [ADA]);
      const statements = [
        { sql: `UPDATE ${table} SET age = 1` },
        { sql: `SELECT * FROM ${ctx.unique()}` },
        { sql: `UPDATE ${table} SET age = 2` },
      ];
      const error = await failure(ctx.connector.execute("transaction", { statements }), "not_found");
      assert.match(error.message, /^Statement 2: /);
      assert.equal(error.outcome, "none");
      assert.deepEqual(await column(ctx, table, "age"), [36]);
      await failure(ctx.connector.execute("transaction", { statements: [] }), "input_invalid");
    },
  },
  {
    name: "a transaction of statements cannot be ended by one of them unnoticed",
    async run(ctx) {
      const table = await makePeople(ctx, [ADA]);
      const statements = [{ sql: "COMMIT" }, { sql: `UPDATE ${table} SET age = 2` }];
      const error = await failure(ctx.connector.execute("transaction", { statements }), "unsupported");
      assert.equal(error.outcome, "unknown");
      assert.deepEqual(await column(ctx, table, "age"), [36]);
    },
  },
  {
    name: "a function as a transaction is kept when it ends, and answers with what it returns",
    async run(ctx) {
      const table = await makePeople(ctx, [ADA]);
      const answer = await ctx.connector.transaction(async (tx) => {
        assert.deepEqual(await tx.update({ table, data: { age: 37 }, where: { id: 1 } }), { count: 1 });
        assert.deepEqual(await tx.insertMany({ table, rows: [GRACE] }), { count: 1 });
        assert.deepEqual(await tx.delete({ table, where: { name: "Nobody" } }), { count: 0 });
        // Nobody else sees it yet.
        assert.equal(await size(ctx, table), 1);
        const rows = await tx.query({ sql: `SELECT age FROM ${table} ORDER BY id` });
        return rows.map(({ age }) => age);
      });
      assert.deepEqual(answer, [37, 85]);
      assert.deepEqual(await column(ctx, table, "age"), [37, 85]);
    },
  },
  {
    name: "a function that throws leaves nothing behind, and what it threw comes back as it was",
    async run(ctx) {
      const table = await makePeople(ctx);
      const mine = new TypeError("mine");
      let runs = 0;
      const work = ctx.connector.transaction(async (tx) => {
        runs++;
        await tx.insertMany({ table, rows: [ADA] });
        throw mine;
      });
      assert.equal(await work.catch((error: unknown) => error), mine);
      const network = Object.assign(new Error("of another system"), { code: "ECONNREFUSED" });
      const other = ctx.connector.transaction(async () => {
        runs++;
        throw network;
      });
      assert.equal(await other.catch((error: unknown) => error), network);
      assert.equal(runs, 2);
      assert.equal(await size(ctx, table), 0);
    },
  },
  {
    name: "an error inside a transaction is told like any other, and undoes it",
    async run(ctx) {
      const table = await makePeople(ctx);
      const work = ctx.connector.transaction(async (tx) => {
        await tx.insertMany({ table, rows: [ADA] });
        await tx.query({ sql: `SELECT * FROM ${ctx.unique()}` });
      });
      const error = await failure(work, "not_found");
      assert.equal(error.operation, "transaction");
      assert.equal(error.outcome, "none");
      const invalid = ctx.connector.transaction(async (tx) => {
        await tx.insertMany({ table, rows: [ADA] });
        await tx.delete({ table });
      });
      await failure(invalid, "input_invalid");
      assert.equal(await size(ctx, table), 0);
    },
  },
  {
    name: "an error that the function swallows does not look like success",
    needs: "failed transactions",
    async run(ctx) {
      const table = await makePeople(ctx);
      const work = ctx.connector.transaction(async (tx) => {
        await tx.insertMany({ table, rows: [ADA] });
        await tx.query({ sql: `SELECT * FROM ${ctx.unique()}` }).catch(() => {});
      });
      const error = await failure(work, "not_found");
      assert.equal(error.outcome, "none");
      assert.equal(await size(ctx, table), 0);
    },
  },
  {
    name: "a transaction inside another is undone alone, and the outer one goes on",
    needs: "savepoints",
    async run(ctx) {
      const table = await makePeople(ctx);
      await ctx.connector.transaction(async (tx) => {
        await tx.insertMany({ table, rows: [ADA] });
        const failed = tx.transaction(async (inner) => {
          await inner.insertMany({ table, rows: [GRACE] });
          await inner.query({ sql: `SELECT * FROM ${ctx.unique()}` });
        });
        await failure(failed, "not_found");
        const mine = new Error("mine");
        const thrown = tx.transaction(async (inner) => {
          await inner.transaction(async (innermost) => {
            await innermost.insertMany({ table, rows: [GRACE] });
          });
          throw mine;
        });
        assert.equal(await thrown.catch((error: unknown) => error), mine);
        await tx.transaction(async (inner) => {
          await inner.insertMany({ table, rows: [{ name: "Alan", age: 41 }] });
        });
      });
      assert.deepEqual(await column(ctx, table, "name"), ["Ada", "Alan"]);
    },
  },
  {
    name: "while a transaction inside another is open, only its own handle works",
    needs: "savepoints",
    async run(ctx) {
      const table = await makePeople(ctx);
      await ctx.connector.transaction(async (tx) => {
        await tx.transaction(async (inner) => {
          await failure(tx.insertMany({ table, rows: [ADA] }), "unsupported");
          await inner.insertMany({ table, rows: [GRACE] });
        });
      });
      assert.deepEqual(await column(ctx, table, "name"), ["Grace"]);
      const forgotten = ctx.connector.transaction(async (tx) => {
        void tx.transaction(async (inner) => {
          await inner.insertMany({ table, rows: [ADA] });
          await new Promise(() => {});
        });
        await tx.query({ sql: "SELECT 1" });
      });
      await failure(forgotten, "unsupported");
      assert.deepEqual(await column(ctx, table, "name"), ["Grace"]);
    },
  },
  {
    name: "a handle is of no use when its transaction is over",
    async run(ctx) {
      const table = await makePeople(ctx);
      const tx = await ctx.connector.transaction(async (inside) => {
        await inside.query({ sql: "SELECT 1" });
        return { inside };
      });
      const error = await failure(tx.inside.insertMany({ table, rows: [ADA] }), "unsupported");
      assert.equal(error.outcome, "none");
      assert.equal(await size(ctx, table), 0);
    },
  },
  {
    name: "statements begun at the same time run in order, and are all part of it",
    async run(ctx) {
      const { types, connector } = ctx;
      const table = await makeTable(ctx, `id ${types.id}, n ${types.int32}`);
      const numbers = Array.from({ length: 20 }, (_, n) => n);
      await connector.transaction(async (tx) => {
        await Promise.all(numbers.map((n) => tx.insertMany({ table, rows: [{ n }] })));
      });
      assert.deepEqual(await column(ctx, table, "n"), numbers);
    },
  },
  {
    name: "a function that ends before its statements keeps none of them",
    async run(ctx) {
      const { types, connector } = ctx;
      const table = await makeTable(ctx, `id ${types.id}, n ${types.int32}`);
      const work = connector.transaction((tx) => {
        for (const n of [1, 2, 3]) void tx.insertMany({ table, rows: [{ n }] });
        return Promise.resolve();
      });
      const error = await failure(work, "unsupported");
      assert.equal(error.outcome, "none");
      assert.equal(await size(ctx, table), 0);
    },
  },
  {
    name: "COMMIT inside a function is noticed, and nothing after it is run",
    async run(ctx) {
      const table = await makePeople(ctx);
      const work = ctx.connector.transaction(async (tx) => {
        await tx.query({ sql: "COMMIT" }).catch(() => {});
        await tx.insertMany({ table, rows: [ADA] });
      });
      const error = await failure(work, "unsupported");
      assert.equal(error.outcome, "unknown");
      assert.equal(await size(ctx, table), 0);
    },
  },
  {
    name: "a transaction that loses against another is run again from its start",
    needs: "serializable",
    async run(ctx) {
      const { types, connector } = ctx;
      const table = await makeTable(ctx, `id ${types.int32}, n ${types.int32}`);
      await connector.execute("insertMany", { table, rows: [1, 2].map((id) => ({ id, n: 0 })) });
      let runs = 0;
      let arrived = 0;
      let open = (): void => {};
      const both = new Promise<void>((resolve) => (open = resolve));
      // Each reads all and writes one: without order between them, both would write 1.
      const writeSum = (id: number): Promise<void> =>
        connector.transaction(
          async (tx) => {
            runs++;
            const rows = await tx.query({ sql: `SELECT SUM(n) AS total FROM ${table}` });
            if (++arrived === 2 || ctx.hasOneWriter === true) open();
            await both;
            await tx.update({ table, data: { n: Number(rows[0]?.["total"]) + 1 }, where: { id } });
          },
          { isolation: "serializable" },
        );
      await Promise.all([writeSum(1), writeSum(2)]);
      const rows = await connector.execute("query", { sql: `SELECT n FROM ${table} ORDER BY n` });
      assert.deepEqual(rows, [{ n: 1 }, { n: 2 }]);
      assert.ok(ctx.hasOneWriter === true || runs > 2);
    },
  },
  {
    name: "an aborted transaction ends at once and leaves nothing behind, whatever its function waits for",
    async run(ctx) {
      const table = await makePeople(ctx);
      const abort = new AbortController();
      const work = ctx.connector.transaction(
        async (tx) => {
          await tx.insertMany({ table, rows: [ADA] });
          abort.abort();
          await new Promise(() => {});
        },
        { signal: abort.signal },
      );
      const error = await failure(work, "cancelled");
      assert.ok(error instanceof ConnectorError);
      assert.equal(error.outcome, "none");
      assert.equal(await size(ctx, table), 0);
    },
  },
];
