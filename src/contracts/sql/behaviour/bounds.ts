/** Answers that are larger than the caller allows. */
import assert from "node:assert/strict";
import { failure, makePeople, makeTable, size, type SqlCase } from "./context.ts";

export const boundCases: readonly SqlCase[] = [
  {
    name: "rows of a write that are more than allowed are refused, and nothing is written",
    needs: "returning",
    async run(ctx) {
      const { connector } = ctx;
      const rows = Array.from({ length: 200 }, (_, age) => ({ name: "x".repeat(100), age }));
      const table = await makePeople(ctx, rows);
      const input = { table, all: true, returning: true };
      // Only inside of a transaction is certain what becomes of the write.
      const asked = (bounds: { maxRows?: number; maxBytes?: number }): (() => Promise<unknown>)[] => [
        () => connector.execute("delete", { ...input, ...bounds }, { idempotencyKey: ctx.unique() }),
        () => connector.transaction((tx) => tx.delete({ ...input, ...bounds })),
      ];
      for (const bounds of [{ maxRows: 199 }, { maxBytes: 1_000 }])
        for (const ask of asked(bounds)) {
          await failure(ask(), "too_large");
          assert.equal(await size(ctx, table), 200);
        }
      await failure(
        connector.execute("delete", { ...input, where: { age: { lt: 2 } }, all: false, maxRows: 1 }),
        "too_large",
      );
      assert.ok((await size(ctx, table)) >= 198);
      const { rows: gone } = await connector.execute("delete", { ...input, maxRows: 200 });
      assert.ok(gone!.length >= 198);
    },
  },
  {
    name: "rows of an upsert or an update that are more than allowed are refused",
    needs: "returning of updates",
    async run(ctx) {
      const { connector } = ctx;
      const { int32, text } = ctx.types;
      const table = await makeTable(ctx, `id ${int32} NOT NULL PRIMARY KEY, name ${text}`);
      const rows = [1, 2].map((id) => ({ id, name: "x" }));
      await connector.execute("insertMany", { table, rows });
      const data = { name: "y" };
      const update = { table, data, all: true, returning: ["id"] };
      const upsert = { table, rows, conflict: ["id"], returning: ["id"] };
      assert.equal((await connector.execute("update", { ...update, maxRows: 2 })).count, 2);
      for (const bounds of [{ maxRows: 1 }, { maxBytes: 1 }])
        await connector.transaction(async (tx) => {
          await failure(
            tx.transaction((inner) => inner.update({ ...update, ...bounds })),
            "too_large",
          );
          await failure(
            tx.transaction((inner) => inner.upsert({ ...upsert, ...bounds })),
            "too_large",
          );
          assert.equal((await tx.update({ ...update, maxRows: 2 })).count, 2);
        });
    },
  },
  {
    name: "an answer of more rows or bytes than allowed is refused, and the next call works",
    async run(ctx) {
      const { connector } = ctx;
      const rows = Array.from({ length: 3_000 }, (_, age) => ({ name: "x".repeat(100), age }));
      const table = await makePeople(ctx, rows);
      const sql = `SELECT * FROM ${table} ORDER BY id`;
      const asked = (bounds: { maxRows?: number; maxBytes?: number }): (() => Promise<unknown>)[] => [
        () => connector.execute("query", { sql, ...bounds }),
        () => connector.execute("query", { sql, ...bounds }, { effect: "read" }),
        () => connector.execute("execute", { sql, ...bounds }),
        () => connector.execute("execute", { sql, ...bounds }, { idempotencyKey: ctx.unique() }),
        () => connector.execute("transaction", { statements: [{ sql, ...bounds }] }),
        () => connector.execute("select", { table, ...bounds }),
        () => connector.transaction((tx) => tx.query({ sql, ...bounds })),
        () => connector.transaction((tx) => tx.execute({ sql, ...bounds })),
        () => connector.transaction((tx) => tx.select({ table, ...bounds })),
      ];
      for (const bounds of [{ maxRows: 2_999 }, { maxRows: 1 }, { maxBytes: 100_000 }, { maxBytes: 1 }])
        for (const ask of asked(bounds)) {
          const error = await failure(ask(), "too_large");
          assert.match(error.message, "maxRows" in bounds ? /maxRows/ : /maxBytes/);
          assert.equal(await size(ctx, table), 3_000);
        }
      for (const ask of asked({ maxRows: 3_000, maxBytes: 1_000_000 })) await ask();
    },
  },
];
