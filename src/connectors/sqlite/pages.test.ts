import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SQLiteConnector } from "./index.ts";

const db = new SQLiteConnector({ file: ":memory:" });
beforeAll(() => db.connect());
afterAll(() => db.disconnect());
let tables = 0;

async function makeTable(type: string, values: readonly unknown[]): Promise<string> {
  const table = `p_${++tables}`;
  await db.query({ sql: `create table ${table} (v ${type}, id integer)` });
  await db.insertMany({ table, rows: values.map((v, id) => ({ v, id })) });
  return table;
}

describe("pages", () => {
  test.each<[string, readonly unknown[]]>([
    ["integer", [10, 9, 2, null, -1]],
    ["bigint", ["9007199254740993", "9007199254740992", "-9223372036854775808"]],
    ["real", [0.1, 0.300_000_000_000_000_04, 1e300, 5e-324, -1.5]],
    ["numeric", [10, 9.5, "abc", null]],
    ["text", ["10", "9", "a", "B", "é"]],
    ["varchar(20)", ["10", "9", "a"]],
    ["timestamptz", [new Date("2024-01-01T00:00:00Z"), new Date("2023-12-31T23:59:59.999Z")]],
    ["boolean", [true, false, null]],
    ["point", [3, 20, 100]],
  ])("by %s hold every row once, in both directions", async (type, values) => {
    const table = await makeTable(type, values);
    for (const direction of ["asc", "desc"] as const) {
      const question = { table, columns: ["id"], orderBy: [{ column: "v", direction }] };
      const found: unknown[] = [];
      for (let after: string | undefined, page = 0; page <= values.length; page++) {
        const { rows, next } = await db.select({ ...question, limit: 1, ...(after === undefined ? {} : { after }) });
        found.push(...rows);
        if (next === undefined) break;
        after = next;
      }
      expect(found).toEqual((await db.select(question)).rows);
    }
  });

  test.each(["", "blob", "any"])(
    "by a column of type '%s', which compares texts with numbers, are refused",
    async (type) => {
      const table = await makeTable(type, [10, 9, "a"]);
      await expect(db.select({ table, orderBy: [{ column: "v" }], limit: 1 })).rejects.toMatchObject({
        kind: "unsupported",
        outcome: "none",
        message: expect.stringContaining('column "v"') as string,
      });
      expect((await db.select({ table, columns: ["id"], orderBy: [{ column: "v" }] })).rows).toHaveLength(3);
    },
  );
});
