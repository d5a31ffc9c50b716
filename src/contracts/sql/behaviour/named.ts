/** `:name` in place of the system's own placeholders. */
import assert from "node:assert/strict";
import { HOSTILE } from "./conditions.ts";
import { column, failure, makePeople, size, type SqlCase } from "./context.ts";

const ADA = { name: "Ada", age: 36 };
const GRACE = { name: "Grace", age: 85 };

export const namedCases: readonly SqlCase[] = [
  {
    name: "names stand for values wherever statements are taken",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx, [ADA, GRACE]);
      const sql = `SELECT name FROM ${table} WHERE age = :age OR (name = :name AND age <> :age) ORDER BY id -- :none`;
      const values = { name: "Grace", age: 36 };
      const both = [{ name: "Ada" }, { name: "Grace" }];
      assert.deepEqual(await connector.execute("query", { sql, values }), both);
      const streamed: unknown[] = [];
      for await (const row of connector.stream("queryStream", { sql, values })) streamed.push(row);
      assert.deepEqual(streamed, both);
      const statements = [
        { sql, values },
        { sql: `DELETE FROM ${table} WHERE age = :age`, values: { age: 85 } },
      ];
      const [first, second] = await connector.execute("transaction", { statements }, { idempotencyKey: table });
      assert.deepEqual([first?.rows, second?.count], [both, 1]);
      assert.deepEqual(await connector.transaction((tx) => tx.query({ sql, values })), [{ name: "Ada" }]);
    },
  },
  {
    name: "a name without a value, and a value without a name, are refused before anything is sent",
    async run(ctx) {
      const { connector, placeholder } = ctx;
      const table = await makePeople(ctx, [ADA]);
      const sql = `DELETE FROM ${table} WHERE age = :age`;
      const wrong = [
        { sql, values: {} },
        { sql, values: { agee: 36 } },
        { sql, values: { age: undefined } },
        { sql, values: { age: 36, name: "canary" } },
        { sql: `DELETE FROM ${table} WHERE age IN (:age, ${placeholder(1)})`, values: { age: 36 } },
      ];
      for (const statement of wrong) {
        const attempts = [
          () => connector.execute("query", statement),
          () => connector.stream("queryStream", statement).next(),
          () => connector.execute("transaction", { statements: [statement] }),
          () => connector.transaction((tx) => tx.query(statement)),
        ];
        for (const attempt of attempts) {
          const error = await failure(attempt(), "input_invalid");
          assert.equal(error.outcome, "none");
          assert.doesNotMatch(error.message, /canary/);
        }
      }
      assert.equal(await size(ctx, table), 1);
    },
  },
  {
    name: "hostile text under a name stays a value",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx);
      for (const name of HOSTILE)
        await connector.execute("query", { sql: `INSERT INTO ${table} (name) VALUES (:name)`, values: { name } });
      assert.deepEqual(await column(ctx, table, "name"), HOSTILE);
    },
  },
];
