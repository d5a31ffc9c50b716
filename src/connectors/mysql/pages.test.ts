import { describe, expect, test } from "vitest";
import type { ConnectorError } from "../../index.ts";
import { mariadb } from "../../testkit/index.ts";
import { describeService } from "../../testkit/services/describe-service.ts";
import { openForTest } from "./open-for-test.ts";

const bytes = (...values: number[]): Buffer => Buffer.from(values);

await describeService("pages of MySQL, on MariaDB", mariadb(), async () => {
  const { connected } = await openForTest();
  const db = await connected();
  let names = 0;

  async function makeTable(type: string, values: readonly unknown[]): Promise<string> {
    const table = `p_${++names}`;
    await db.query({ sql: `CREATE TABLE ${table} (v ${type}, id int)` });
    await db.insertMany({ table, rows: values.map((v, id) => ({ v, id })) });
    return table;
  }

  describe("pages", () => {
    test.each<[string, readonly unknown[]]>([
      ["double", [0.1, 0.300_000_000_000_000_04, 1e300, 5e-324, 123_456_789.123_456_79]],
      [
        "decimal(40,20)",
        ["0.12345678901234567891", "0.12345678901234567892", "12345678901234567890.00000000000000000001"],
      ],
      ["bigint", ["9007199254740992", "9007199254740993", "-9223372036854775808"]],
      ["bigint unsigned", ["18446744073709551613", "18446744073709551614", "18446744073709551615"]],
      ["varchar(20)", ["a", "B", "c", "D"]],
      ["year", [1999, 2000]],
      ["time", ["-10:00:00", "05:00:00", "100:00:00"]],
      ["timestamp(6) NULL", ["2024-01-01 00:00:00.000001", "2024-01-01 00:00:00.000002", null]],
      ["uuid", ["6f9619ff-8b86-d011-b42d-00cf4fc964ff", "6f9619ff-8b86-d012-a42d-00cf4fc964ff"]],
      ["boolean", [false, true, null]],
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

    test.each<[string, readonly unknown[]]>([
      ["float", [0.1, 0.2]],
      ["binary(2)", [bytes(0, 255), bytes(255, 0)]],
      ["varbinary(9)", [bytes(1), bytes(200)]],
      ["blob", [bytes(1), bytes(200)]],
      ["enum('z','y')", ["z", "y"]],
      ["set('b','a')", ["b", "a"]],
      ["bit(8)", [bytes(1), bytes(2)]],
    ])("by %s are refused rather than wrong", async (type, values) => {
      const table = await makeTable(type, values);
      const error: unknown = await db.select({ table, orderBy: ["v"], limit: 1 }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ kind: "unsupported", outcome: "none" });
      expect((error as ConnectorError).message).toMatch(/column "v"/);
      expect((await db.select({ table, orderBy: ["v"] })).rows).toHaveLength(values.length);
      expect((await db.select({ table, where: { id: 0 }, limit: 1 })).rows).toHaveLength(1);
    });
  });
});
