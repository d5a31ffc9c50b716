/** Many rows, from lists and from sources that can be read once. */
import assert from "node:assert/strict";
import { ConnectorError } from "../../../core/errors.ts";
import type { Row } from "../operations.ts";
import { failure, makePeople, makeTable, size, type SqlCase, type SqlContext } from "./context.ts";

const MANY = 25_000;

const person = (n: number): Row => ({ name: `person ${n}`, age: n % 7 === 0 ? null : n });

function* people(count: number): Generator<Row> {
  for (let n = 1; n <= count; n++) yield person(n);
}

/** A source that tells whether it was ended. */
class Watched implements AsyncIterable<Row> {
  taken = 0;
  isEnded = false;
  readonly #rowOf: (n: number) => Row | Promise<Row> | undefined;

  constructor(rowOf: (n: number) => Row | Promise<Row> | undefined) {
    this.#rowOf = rowOf;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, undefined> {
    try {
      for (;;) {
        const row = await this.#rowOf(++this.taken);
        if (row === undefined) return;
        yield row;
      }
    } finally {
      this.isEnded = true;
    }
  }
}

async function sums({ connector }: SqlContext, table: string): Promise<unknown[]> {
  const sql = `SELECT count(*) AS n, count(age) AS ages, min(id) AS first, max(id) AS last FROM ${table}`;
  const [row] = await connector.execute("query", { sql });
  return [row?.["n"], row?.["ages"], row?.["first"], row?.["last"]].map(Number);
}

export const loadCases: readonly SqlCase[] = [
  {
    name: "insertMany takes a list, an iterable and an async iterable of any length, in order",
    async run(ctx) {
      const sources = {
        list: [...people(MANY)],
        iterable: people(MANY),
        set: new Set(people(3)),
        source: new Watched((n) => (n > MANY ? undefined : person(n))),
        nothing: people(0),
      };
      for (const [what, rows] of Object.entries(sources)) {
        const table = await makePeople(ctx);
        const { count } = await ctx.connector.execute("insertMany", { table, rows });
        const expected = what === "nothing" ? 0 : what === "set" ? 3 : MANY;
        assert.equal(count, expected, what);
        if (expected > 0)
          assert.deepEqual(await sums(ctx, table), [expected, expected - Math.floor(expected / 7), 1, expected]);
        const [last] = await ctx.connector.execute("query", {
          sql: `SELECT name FROM ${table} WHERE id = ${expected}`,
        });
        assert.equal(last?.["name"], expected === 0 ? undefined : `person ${expected}`);
      }
    },
  },
  {
    name: "insertMany stores the same from a source as from a short list, whatever the values",
    async run(ctx) {
      const { types, connector } = ctx;
      const columns = `n ${types.int32}, big ${types.int64}, price ${types.decimal}, f ${types.float64}, b ${types.boolean}, t ${types.text}, raw ${types.bytes}, j ${types.json}, at ${types.timestamp}, d ${types.date}`;
      const rows: Row[] = [
        {
          n: 1,
          big: "9223372036854775807",
          price: "12345.6789",
          f: 0.1,
          b: true,
          t: "a\tb\n\\\"'",
          raw: Uint8Array.from({ length: 256 }, (_, n) => n),
          j: { a: [1, null, "x"] },
          at: "1899-12-31 23:59:59.123456",
          d: "2024-02-29",
        },
        {
          n: "-2",
          big: -5n,
          price: 0,
          f: -1e300,
          b: false,
          t: "😀 ü",
          raw: new Uint8Array(),
          j: [],
          at: "2024-01-01 00:00:00",
          d: "0999-01-01",
        },
        { n: null, big: null, price: null, f: null, b: null, t: null, raw: null, j: null, at: null, d: null },
        {
          n: -2147483648,
          big: 9007199254740991,
          price: "-0.00010",
          f: 5e-324,
          b: true,
          t: "",
          raw: Uint8Array.of(0),
          j: { "": "\u2028" },
          at: "9999-12-31 23:59:59",
          d: "9999-12-31",
        },
      ];
      const [one, many] = [await makeTable(ctx, columns), await makeTable(ctx, columns)];
      await connector.execute("insertMany", { table: one, rows });
      await connector.execute("insertMany", { table: many, rows: rows.values() });
      const all = (table: string) => connector.execute("query", { sql: `SELECT * FROM ${table} ORDER BY big, n` });
      assert.deepEqual(await all(many), await all(one));
      assert.equal((await all(many)).length, rows.length);
    },
  },
  {
    name: "insertMany from a source that fails inserts nothing, and throws what the source threw",
    async run(ctx) {
      const table = await makePeople(ctx);
      const thrown = new Error("the file is torn");
      const rows = new Watched((n) => {
        if (n === 5_000) throw thrown;
        return person(n);
      });
      const error = await failure(ctx.connector.execute("insertMany", { table, rows }), "input_invalid");
      assert.equal(error.cause, thrown);
      assert.equal(error.outcome, "none");
      assert.equal(await size(ctx, table), 0);
      const own = new ConnectorError("not_found", "no such file", { outcome: "none" });
      const failing = new Watched(() => Promise.reject(own));
      assert.equal(
        (await failure(ctx.connector.execute("insertMany", { table, rows: failing }), "not_found")).attempts,
        1,
      );
    },
  },
  {
    name: "insertMany names the row whose columns are others, or that is none, and inserts nothing",
    async run(ctx) {
      const table = await makePeople(ctx);
      for (const [wrong, says] of [
        [{ name: "x" }, /Row 3000 has no column "age"/],
        [{ name: "x", age: 1, more: 1 }, /Row 3000 has a column "more"/],
        ["x", /Row 3000 is no map/],
        [{ name: "x", age: undefined }, /"age" is undefined/],
      ] as const) {
        const rows = new Watched((n) => (n === 3_000 ? (wrong as Row) : n > 4_000 ? undefined : person(n)));
        const error = await failure(ctx.connector.execute("insertMany", { table, rows }), "input_invalid");
        assert.match(error.message, says);
        assert.equal(rows.isEnded, true);
        assert.equal(await size(ctx, table), 0);
      }
    },
  },
  {
    name: "insertMany that the database refuses at some row inserts nothing, is not tried again, and ends its source",
    async run(ctx) {
      const { types, connector } = ctx;
      const table = await makeTable(ctx, `id ${types.int32} PRIMARY KEY, name ${types.text}`);
      const rows = new Watched((n) => (n > 9_000 ? undefined : { id: n === 7_777 ? 7 : n, name: "x" }));
      const error = await failure(connector.execute("insertMany", { table, rows }), "conflict");
      assert.equal(error.attempts, 1);
      assert.equal(error.outcome ?? "none", "none");
      assert.equal(rows.isEnded, true);
      assert.equal(await size(ctx, table), 0);
      await connector.execute("insertMany", { table, rows: [{ id: 1, name: "x" }] });
    },
  },
  {
    name: "insertMany that is aborted inserts nothing and ends its source, also while the source is silent",
    async run(ctx) {
      const table = await makePeople(ctx);
      for (const isSilent of [false, true]) {
        const abort = new AbortController();
        const rows = new Watched((n) => {
          if (n === 4_500) setImmediate(() => abort.abort());
          return n >= 4_500 && isSilent
            ? new Promise(() => {})
            : new Promise((resolve) => (n % 500 === 0 ? setImmediate(resolve, person(n)) : resolve(person(n))));
        });
        await failure(ctx.connector.execute("insertMany", { table, rows }, { signal: abort.signal }), "cancelled");
        assert.equal(await size(ctx, table), 0);
        // The caller is told before the source.
        for (let turn = 0; turn < 1_000 && !isSilent && !rows.isEnded; turn++) await new Promise(setImmediate);
        if (!isSilent) assert.equal(rows.isEnded, true);
      }
    },
  },
  {
    name: "insertMany inside a transaction is undone with it, and its source cannot use the transaction",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx);
      await assert.rejects(
        connector.transaction(async (tx) => {
          assert.equal((await tx.insertMany({ table, rows: people(2_500) })).count, 2_500);
          throw new Error("no");
        }),
        /no/,
      );
      assert.equal(await size(ctx, table), 0);
      await failure(
        connector.transaction((tx) =>
          tx.insertMany({ table, rows: new Watched(async () => (await tx.query({ sql: "SELECT 1" }))[0]!) }),
        ),
        "unsupported",
      );
      await connector.transaction(async (tx) => {
        await tx.insertMany({ table, rows: people(60) });
        await tx.insertMany({ table, rows: [...people(60)] });
      });
      assert.equal(await size(ctx, table), 120);
    },
  },
  {
    name: "insertMany with an idempotency key takes a list only, and loads it once",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx);
      const idempotencyKey = ctx.unique();
      const rows = [...people(300)];
      for (let time = 0; time < 2; time++)
        assert.deepEqual(await connector.execute("insertMany", { table, rows }, { idempotencyKey }), { count: 300 });
      assert.equal(await size(ctx, table), 300);
      await failure(
        connector.execute("insertMany", { table, rows: people(300) }, { idempotencyKey: ctx.unique() }),
        "unsupported",
      );
    },
  },
];
