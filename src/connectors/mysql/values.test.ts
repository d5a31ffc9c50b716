import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openForTest } from "./open-for-test.ts";
import { mariadb } from "../../testkit/index.ts";
import { describeService } from "../../testkit/services/describe-service.ts";

await describeService("values of MySQL, on MariaDB", mariadb(), async () => {
  const { connected } = await openForTest();
  const db = await connected();
  let names = 0;

  /** What comes back of values in a column of this type. */
  async function roundTrip(type: string, values: readonly unknown[]): Promise<unknown[]> {
    const table = `v_${++names}`;
    await db.query({ sql: `CREATE TABLE ${table} (id int AUTO_INCREMENT PRIMARY KEY, it ${type})` });
    await db.insertMany({ table, rows: values.map((it) => ({ it })) });
    const rows = await db.query({ sql: `SELECT it FROM ${table} ORDER BY id` });
    return rows.map(({ it }) => it);
  }

  describe("values", () => {
    test.each<[string, unknown[], unknown[]?]>([
      ["tinyint", [-128, 127, 0, 1]],
      ["tinyint unsigned", [0, 255]],
      ["tinyint(1)", [true, false, 2, -7, null]],
      ["boolean", [1, 0], [true, false]],
      ["smallint unsigned", [0, 65_535]],
      ["mediumint", [-8_388_608, 8_388_607]],
      ["int unsigned", [0, 4_294_967_295]],
      ["bigint unsigned", ["18446744073709551615", 2n ** 64n - 1n], ["18446744073709551615", "18446744073709551615"]],
      ["bigint", [-(2n ** 63n), 2n ** 53n + 1n], ["-9223372036854775808", "9007199254740993"]],
      ["decimal(65,30)", ["0.000000000000000000000000000001", null]],
      ["decimal(65,0)", ["9".repeat(65)]],
      ["float", [0.1, 1.5, -3.4e38, 16_777_216]],
      ["double", [0.1, 0, 1e-300, 4_503_599_627_370_497.5]],
      ["bit(1)", [true, false]],
      ["bit(16)", [Buffer.from([1, 2])], [new Uint8Array([1, 2])]],
      ["year", [1901, 2155]],
      ["date", ["2024-02-29", "9999-12-31"]],
      ["time", ["-838:59:59", "838:59:59", "00:00:00"]],
      ["time(6)", ["12:34:56.123456"]],
      ["datetime(3)", [new Date("0001-01-01T00:00:00.000Z"), new Date("9999-12-31T23:59:59.999Z")]],
      ["timestamp(3)", [new Date("1970-01-01T00:00:01.000Z"), new Date("2038-01-19T03:14:07.999Z")]],
      ["datetime", ["2024-05-06 07:08:09"], [new Date("2024-05-06T07:08:09.000Z")]],
      ["enum('a','b')", ["a", "b", null]],
      ["set('a','b')", ["a,b", ""]],
      [
        "json",
        [{ a: [1, null, "😀"] }, [], "text", 1.5].map((each) => JSON.stringify(each)),
        [{ a: [1, null, "😀"] }, [], "text", 1.5],
      ],
      ["binary(3)", [Buffer.from([0, 1, 255])], [new Uint8Array([0, 1, 255])]],
      ["varbinary(300)", [Uint8Array.from({ length: 256 }, (_, at) => at)]],
      ["uuid", ["6f9619ff-8b86-d011-b42d-00cf4fc964ff"]],
      ["inet6", ["2001:db8::ff00:42:8329"]],
      ["char(3) CHARACTER SET latin1", ["é", "ab"]],
      ["text CHARACTER SET utf8mb4", ["😀 ÿ ﷽", "line\nline", "\\' \" \u0001"]],
    ])("of type %s come back whole", async (type, given, expected = given) => {
      expect(await roundTrip(type, given)).toEqual(expected);
    });

    test("are 64-bit integers, doubles, texts, bytes and instants of any kind", async () => {
      const table = `v_${++names}`;
      await db.query({
        sql: `CREATE TABLE ${table} (a bigint, b double, c longtext CHARACTER SET utf8mb4, d longblob, e datetime(3))`,
      });
      const row = fc.record({
        a: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        b: fc.double({ noNaN: true, noDefaultInfinity: true }),
        c: fc.string({ unit: "binary" }).filter((text) => !/[\0\p{Surrogate}]/u.test(text)),
        d: fc.uint8Array(),
        e: fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }),
      });
      await fc.assert(
        fc.asyncProperty(row, async (data) => {
          const stored = await db.insert({ table, data });
          expect({ ...stored, b: Number(stored["b"]) + 0 }).toEqual({ ...data, a: String(data.a), b: data.b + 0 });
        }),
        { numRuns: 150 },
      );
    });

    test("that no date can be stay text", async () => {
      const loose = await connected({ sqlMode: "ALLOW_INVALID_DATES" });
      await loose.query({ sql: "CREATE TABLE odd (id int AUTO_INCREMENT PRIMARY KEY, a datetime, b date)" });
      const odd = ["0000-00-00 00:00:00", "2024-02-30 01:02:03"];
      for (const a of odd)
        await loose.query({ sql: "INSERT INTO odd (a, b) VALUES (?, ?)", values: [a, a.slice(0, 10)] });
      expect(await db.query({ sql: "SELECT a, b FROM odd ORDER BY id" })).toEqual(
        odd.map((a) => ({ a, b: a.slice(0, 10) })),
      );
    });

    test("do not depend on the zone of this machine or of the server", async () => {
      await db.query({ sql: "SET GLOBAL time_zone = '+05:30'" });
      const other = await connected();
      const at = new Date("2024-06-01T00:00:00.000Z");
      const [row] = await other.query({
        sql: "SELECT CAST(? AS datetime(3)) AS a, UNIX_TIMESTAMP(?) AS seconds, NOW() AS now",
        values: [at, at],
      });
      expect(row?.["a"]).toEqual(at);
      expect(Number(row?.["seconds"])).toBe(at.getTime() / 1_000);
      expect(Math.abs((row?.["now"] as Date).getTime() - Date.now())).toBeLessThan(60_000);
    });

    test("that do not fit are refused, and never cut or changed", async () => {
      const cases: readonly (readonly [string, unknown])[] = [
        ["tinyint", 128],
        ["int unsigned", -1],
        ["varchar(3)", "four"],
        ["date", "2024-02-30"],
        ["datetime", "0000-00-00 00:00:00"],
        ["int", "x"],
        ["enum('a')", "b"],
        ["json", "{"],
      ];
      for (const [type, value] of cases)
        await expect(roundTrip(type, [value]), type).rejects.toMatchObject({ kind: "input_invalid", outcome: "none" });
      for (const value of [NaN, Infinity, "a\0b", new Date("+012345-01-01")])
        await expect(db.query({ sql: "SELECT ?", values: [value] })).rejects.toMatchObject({ kind: "input_invalid" });
    });

    test("have types with the names that SQL has for them", async () => {
      await db.query({
        sql: "CREATE TABLE named (a bigint unsigned, b boolean, c varchar(9), d longtext, e longblob, f json, g decimal(9,2), h enum('x'))",
      });
      const { meta } = await db.call("query", { sql: "SELECT * FROM named" });
      expect(meta.columns?.map(({ type }) => type)).toEqual([
        "bigint unsigned",
        "boolean",
        "varchar",
        "text",
        "blob",
        "json",
        "decimal",
        "enum",
      ]);
    });
  });
});
