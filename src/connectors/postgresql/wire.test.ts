import { describe, expect, test } from "vitest";
import { postgresql } from "../../testkit/index.ts";
import { describeService } from "../../testkit/services/describe-service.ts";
import { openForTest } from "./open-for-test.ts";

await describeService("postgresql with the driver alone (`wire: false`)", postgresql(), async () => {
  const { connected } = await openForTest();
  const own = await connected();
  const driver = await connected({ wire: false });

  describe("answers", () => {
    test("are the same as without it, for values of many types", async () => {
      const sql = `select 1::int2 a, 2::int8 b, 1.50::numeric c, 'é😀'::text d, '\\x00ff'::bytea e, null::text f, true g,
        '{"big":12345678901234567890,"a":[1]}'::jsonb h, '2024-02-29 12:34:56.123456+00'::timestamptz i, '1999-12-31'::date j,
        array['a','b,c',null] k, '6f9619ff-8b86-d011-b42d-00cf4fc964ff'::uuid l, 'NaN'::float8 m, '1 day'::interval n, 1 as __proto__`;
      for (const values of [[], [1]]) {
        const text = values.length === 0 ? sql : `${sql}, $1::int as o`;
        const [one, other] = await Promise.all([
          own.call("query", { sql: text, values }),
          driver.call("query", { sql: text, values }),
        ]);
        expect(other.data).toEqual(one.data);
        expect(other.meta.columns).toEqual(one.meta.columns);
      }
    });

    test("have the same bounds, and what is no single statement is refused", async () => {
      const sql = "select generate_series(1, 1000) n";
      for (const db of [own, driver]) {
        await expect(db.query({ sql, maxRows: 10 })).rejects.toMatchObject({ kind: "too_large" });
        await expect(db.query({ sql, maxBytes: 100 })).rejects.toMatchObject({ kind: "too_large" });
        await expect(db.query({ sql: "select 1; select 2" })).rejects.toMatchObject({ kind: "input_invalid" });
        await expect(db.query({ sql: "copy (select 1) to stdout" })).rejects.toMatchObject({ kind: "unsupported" });
        expect(await db.query({ sql: "select 1 as one" })).toEqual([{ one: 1 }]);
      }
    });

    test("that cannot be read fail their call and nothing else", async () => {
      const broken = await connected({ wire: false, maxConnections: 1 });
      await expect(broken.query({ sql: "select 1/0" })).rejects.toMatchObject({ kind: "input_invalid" });
      expect(await broken.query({ sql: "select 1 as one" })).toEqual([{ one: 1 }]);
    });
  });

  test("many rows are read and written, and reading is ended by whoever stops", async () => {
    await driver.query({ sql: "create table wire_rows (id int, text text)" });
    const rows = Array.from({ length: 5_000 }, (_, id) => ({ id, text: `row ${id}` }));
    expect(await driver.insertMany({ table: "wire_rows", rows })).toEqual({ count: 5_000 });
    let read = 0;
    for await (const { id } of driver.queryStream({ sql: "select * from wire_rows order by id" }))
      if ((read = Number(id) + 1) === 2_500) break;
    expect(read).toBe(2_500);
    expect(await driver.query({ sql: "select count(*) n from wire_rows" })).toEqual([{ n: "5000" }]);
  });

  test("a thousand calls at once are each answered with their own", async () => {
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, at) => driver.query({ sql: "select $1::int as at", values: [at] })),
    );
    expect(answers.map(([row]) => row!["at"])).toEqual(Array.from({ length: 1_000 }, (_, at) => at));
  });

  test("an aborted statement is ended on the server", async () => {
    await expect(driver.query({ sql: "select pg_sleep(30)" }, { timeout: 100 })).rejects.toMatchObject({
      kind: "timeout",
    });
    await expect
      .poll(() =>
        own.query({
          sql: "select 1 from pg_stat_activity where query like 'select pg_sleep(30)%' and state = 'active'",
        }),
      )
      .toEqual([]);
  });
});
