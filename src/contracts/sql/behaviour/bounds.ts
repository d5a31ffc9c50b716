/** Answers that are larger than the caller allows. */
import assert from "node:assert/strict";
import { failure, makePeople, size, type SqlCase } from "./context.ts";

export const boundCases: readonly SqlCase[] = [
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
