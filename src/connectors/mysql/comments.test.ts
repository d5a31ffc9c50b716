import { describe, expect, test } from "vitest";
import { openForTest } from "./open-for-test.ts";

const { connected } = await openForTest();
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
const recorded = { traceparent: `00-${TRACE}-01` };
const sql = "SELECT info AS query FROM information_schema.processlist WHERE id = connection_id()";
const comment = (operation: string, isTraced = true): string =>
  `/*connector='mysql',operation='${operation}'${isTraced ? `,traceparent='00-${TRACE}-01'` : ""}*/`;

describe("sqlComments", () => {
  test("end the statements where they are asked for, and nowhere else", async () => {
    const silent = await connected();
    expect(await silent.query({ sql }, recorded)).toEqual([{ query: sql }]);
    const db = await connected({ sqlComments: true });
    expect(await db.query({ sql })).toEqual([{ query: `${sql} ${comment("query", false)}` }]);
    expect(await db.query({ sql }, recorded)).toEqual([{ query: `${sql} ${comment("query")}` }]);
    for await (const row of db.queryStream({ sql }, recorded))
      expect(row).toEqual({ query: `${sql} ${comment("queryStream")}` });
    const inside = await db.transaction((tx) => tx.transaction((inner) => inner.query({ sql })), recorded);
    expect(inside).toEqual([{ query: `${sql} ${comment("transaction")}` }]);
  });

  test("leave statements prepared, but for calls whose trace is recorded: those fill no memory", async () => {
    const db = await connected({ sqlComments: true, maxConnections: 1 });
    const counted = { sql: "SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'" };
    const count = async (): Promise<number> => Number((await db.query(counted))[0]?.["Value"]);
    await db.query({ sql: "SELECT ? AS n", values: [1] });
    await count();
    const before = await count();
    for (let each = 1; each <= 300; each++) {
      const spanId = each.toString(16).padStart(16, "0");
      const traceparent = `00-4bf92f3577b34da6a3ce929d0e0e4736-${spanId}-01`;
      expect(await db.query({ sql: "SELECT ? AS n", values: [each] }, { traceparent })).toEqual([{ n: String(each) }]);
    }
    expect(await count()).toBe(before);
    await expect(db.query({ sql: "SELECT nothing" }, recorded)).rejects.toMatchObject({ kind: "not_found" });
    const broken = db.queryStream({ sql: "SELECT seq FROM seq_1_to_100000" }, recorded);
    for await (const row of broken) if (row["seq"] !== undefined) break;
    expect(await count()).toBe(before);
  });

  test("take nothing from a statement that ends with a semicolon or a comment of its own", async () => {
    const db = await connected({ sqlComments: true });
    for (const text of [
      "SELECT 'x' AS a;",
      "SELECT 'x' AS a -- one",
      "SELECT 'x' AS a # one",
      "SELECT 'x' AS a /* own */",
    ])
      expect(await db.query({ sql: text })).toEqual([{ a: "x" }]);
    expect(await db.query({ sql: "SELECT :n AS a", values: { n: "?" } })).toEqual([{ a: "?" }]);
    await expect(db.query({ sql: "SELECT 1; SELECT 2" })).rejects.toMatchObject({ kind: "input_invalid" });
    for (const open of ["SELECT 'open", "SELECT `open"])
      await expect(db.query({ sql: open })).rejects.toMatchObject({ kind: "input_invalid" });
  });
});
