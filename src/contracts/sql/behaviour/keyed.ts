/** Calls with an idempotency key: done once, answered as often as they are sent. */
import assert from "node:assert/strict";
import { ConnectorError } from "../../../core/errors.ts";
import { column, failure, makePeople, makeTable, size, type SqlCase } from "./context.ts";

const ADA = { name: "Ada", age: 36 };
const GRACE = { name: "Grace", age: 85 };

/** A gate that opens once. */
function makeGate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}

export const keyedCases: readonly SqlCase[] = [
  {
    name: "an insert with a key is done once, and answered with the same row every time",
    needs: "returning",
    async run(ctx) {
      const table = await makePeople(ctx);
      const send = () => ctx.connector.call("insert", { table, data: ADA }, { idempotencyKey: `insert into ${table}` });
      const first = await send();
      assert.deepEqual(first.data, { id: 1, ...ADA });
      assert.equal(first.meta.replayed, undefined);
      for (let again = 0; again < 3; again++) {
        const { data, meta } = await send();
        assert.deepEqual(data, first.data);
        assert.equal(meta.replayed, true);
      }
      assert.equal(await size(ctx, table), 1);
    },
  },
  {
    name: "every writing operation takes a key",
    async run(ctx) {
      const { connector, placeholder } = ctx;
      const table = await makePeople(ctx, [ADA]);
      const statements = [
        { sql: `UPDATE ${table} SET age = age + ${placeholder(1)}`, values: [10] },
        { sql: `SELECT name, age FROM ${table} ORDER BY id` },
      ];
      // A thousand rows and one are more than one statement.
      const many = Array.from({ length: 1_001 }, (_, n) => ({ name: `n${n}`, age: 0 }));
      const asked = [
        ["insertMany", { table, rows: [GRACE] }, { count: 1 }],
        ["update", { table, data: { age: 40 }, where: { name: "Ada" } }, { count: 1 }],
        ["delete", { table, where: { name: "Grace" } }, { count: 1 }],
        [
          "transaction",
          { statements },
          [
            { count: 1, rows: [] },
            { count: 1, rows: [{ name: "Ada", age: 50 }] },
          ],
        ],
        ["insertMany", { table, rows: many }, { count: 1_001 }],
        ["insertMany", { table, rows: [] }, { count: 0 }],
      ] as const;
      for (const [at, [operation, input, answer]] of asked.entries())
        for (const isReplayed of [undefined, true]) {
          const options = { idempotencyKey: `${table} ${at}` };
          const { data, meta } = await connector.call(operation, input, options);
          assert.deepEqual(data, answer, operation);
          assert.equal(meta.replayed, isReplayed, operation);
        }
      assert.equal(await size(ctx, table), 1_002);
      assert.equal((await column(ctx, table, "age"))[0], 50);
    },
  },
  {
    name: "an answer that is given again is the same to the last digit",
    needs: "returning",
    async run(ctx) {
      const { types, connector } = ctx;
      const columns = [
        `big ${types.int64}, price ${types.decimal}, at ${types.instant}, raw ${types.bytes}`,
        `doc ${types.json}, flag ${types.boolean}, ratio ${types.float64}, note ${types.text}`,
      ];
      const table = await makeTable(ctx, columns.join(", "));
      const data = {
        big: "9007199254740993",
        price: "0.10",
        at: new Date("2024-02-29T12:34:56.789Z"),
        raw: new Uint8Array([0, 255, 7]),
        doc: { $date: "not a date", list: [1, null] },
        flag: false,
        ratio: 0.1,
        note: null,
      };
      const send = () => connector.execute("insert", { table, data }, { idempotencyKey: table });
      const first = await send();
      const again = await send();
      assert.deepEqual(again, first);
      assert.ok(again["at"] instanceof Date && again["raw"] instanceof Uint8Array);
    },
  },
  {
    name: "a key that stands for something else is refused, and its values are not told",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx, [ADA]);
      const options = { idempotencyKey: `secret-${table}` };
      await connector.execute("update", { table, data: { age: 1 }, where: { name: "Ada" } }, options);
      const others = [
        () => connector.execute("update", { table, data: { age: 2 }, where: { name: "Ada" } }, options),
        () => connector.execute("delete", { table, where: { name: "Ada" } }, options),
        () => connector.transaction(async (tx) => tx.delete({ table, where: { name: "Ada" } }), options),
      ];
      for (const other of others) {
        const error = await failure(other(), "conflict");
        assert.equal(error.outcome, "none");
        assert.match(error.hint ?? "", /new key/);
        assert.doesNotMatch(`${error.message} ${error.hint}`, /secret|Ada/);
      }
      assert.deepEqual(await column(ctx, table, "age"), [1]);
    },
  },
  {
    name: "the order of an input's names makes no other call of it",
    async run(ctx) {
      const table = await makePeople(ctx, [ADA]);
      const options = { idempotencyKey: table };
      await ctx.connector.execute("update", { table, data: { age: 1, name: "A" }, where: { id: 1 } }, options);
      const same = { where: { id: 1 }, data: { name: "A", age: 1 }, table };
      assert.deepEqual(await ctx.connector.execute("update", same, options), { count: 1 });
    },
  },
  {
    name: "a call that failed leaves its key free",
    needs: "returning",
    async run(ctx) {
      const { types, connector } = ctx;
      const table = await makeTable(ctx, `id ${types.int32} PRIMARY KEY, n ${types.int32}`);
      await connector.execute("insert", { table, data: { id: 1, n: 1 } });
      const send = () => connector.execute("insert", { table, data: { id: 1, n: 2 } }, { idempotencyKey: table });
      const error = await failure(send(), "conflict");
      assert.equal(error.outcome, "none");
      assert.doesNotMatch(error.message, /idempotency/);
      await connector.execute("delete", { table, where: { id: 1 } });
      assert.deepEqual(await send(), { id: 1, n: 2 });
    },
  },
  {
    name: "of many who come with one key at the same time one does it, and all have its answer",
    needs: "returning",
    async run(ctx) {
      const table = await makePeople(ctx);
      const send = () => ctx.connector.call("insert", { table, data: ADA }, { idempotencyKey: table });
      const answers = await Promise.all(Array.from({ length: 40 }, send));
      for (const { data } of answers) assert.deepEqual(data, answers[0]?.data);
      assert.equal(answers.filter(({ meta }) => meta.replayed !== true).length, 1);
      assert.equal(await size(ctx, table), 1);
    },
  },
  {
    name: "a function with a key is run once, and its answer kept",
    async run(ctx) {
      const table = await makePeople(ctx);
      let runs = 0;
      for (let sent = 0; sent < 3; sent++) {
        const answer = await ctx.connector.transaction(
          async (tx) => {
            runs++;
            await tx.insertMany({ table, rows: [ADA] });
            return { runs, at: new Date(7), none: undefined };
          },
          { idempotencyKey: table, isolation: "serializable" },
        );
        assert.deepEqual(answer, { runs: 1, at: new Date(7), none: undefined });
      }
      assert.equal(await size(ctx, table), 1);
      const nothing = () => ctx.connector.transaction(async () => {}, { idempotencyKey: `${table} nothing` });
      assert.equal(await nothing(), undefined);
      assert.equal(await nothing(), undefined);
    },
  },
  {
    name: "a function whose answer cannot be kept is refused, and nothing of it is kept",
    async run(ctx) {
      const table = await makePeople(ctx);
      const circle: Record<string, unknown> = {};
      circle["self"] = circle;
      for (const answer of [() => 1, new (class Own {})(), new Map(), [circle], Symbol("s")]) {
        const work = ctx.connector.transaction(
          async (tx) => {
            await tx.insertMany({ table, rows: [ADA] });
            return answer;
          },
          { idempotencyKey: table },
        );
        const error = await failure(work, "unsupported");
        assert.equal(error.outcome, "none");
        assert.match(error.message, /must be data/);
      }
      const large = ctx.connector.transaction(async () => "x".repeat(2 ** 20 + 1), { idempotencyKey: table });
      assert.equal((await failure(large, "too_large")).outcome, "none");
      assert.equal(await size(ctx, table), 0);
      // The key is still free.
      await ctx.connector.transaction((tx) => tx.insertMany({ table, rows: [ADA] }), { idempotencyKey: table });
      assert.equal(await size(ctx, table), 1);
    },
  },
  {
    name: "who comes second waits for the first, and does it where that was undone",
    async run(ctx) {
      const table = await makePeople(ctx);
      for (const isKept of [true, false]) {
        const options = { idempotencyKey: `${table} ${isKept}` };
        const [inside, go] = [makeGate(), makeGate()];
        let runs = 0;
        const first = ctx.connector.transaction(async (tx) => {
          runs++;
          await tx.insertMany({ table, rows: [ADA] });
          inside.open();
          await go.opened;
          if (!isKept) throw new TypeError("mine");
          return "first";
        }, options);
        await inside.opened;
        let isSecondOver = false;
        const second = ctx.connector
          .transaction(async (tx) => {
            runs++;
            await tx.insertMany({ table, rows: [ADA] });
            return "second";
          }, options)
          .finally(() => (isSecondOver = true));
        const late = ctx.connector.transaction(async () => "late", { ...options, timeout: 100 });
        const error = await failure(late, "timeout");
        assert.equal(error.outcome, "none");
        const abort = new AbortController();
        const aborted = ctx.connector.transaction(async () => "aborted", { ...options, signal: abort.signal });
        abort.abort();
        await failure(aborted, "cancelled");
        assert.equal(isSecondOver, false);
        go.open();
        assert.equal(await first.catch((thrown: unknown) => thrown instanceof TypeError), isKept ? "first" : true);
        assert.equal(await second, isKept ? "first" : "second");
        assert.equal(runs, isKept ? 1 : 2);
      }
      assert.equal(await size(ctx, table), 2);
    },
  },
  {
    name: "a key holds whatever the isolation level",
    async run(ctx) {
      const table = await makePeople(ctx);
      for (const isolation of ["read committed", "repeatable read", "serializable"] as const) {
        const send = () =>
          ctx.connector.transaction(
            async (tx) => {
              const rows = await tx.query({ sql: `SELECT COUNT(*) AS n FROM ${table}` });
              await tx.insertMany({ table, rows: [ADA] });
              return Number(rows[0]?.["n"]);
            },
            { isolation, idempotencyKey: `${table} ${isolation}` },
          );
        const answers = await Promise.all(Array.from({ length: 8 }, send));
        assert.equal(new Set(answers).size, 1);
      }
      assert.equal(await size(ctx, table), 3);
    },
  },
  {
    name: "a key is refused where it would go nowhere, and where it cannot be one",
    async run(ctx) {
      const table = await makePeople(ctx, [ADA]);
      const { connector } = ctx;
      await failure(connector.execute("query", { sql: "SELECT 1" }, { idempotencyKey: "k" }), "unsupported");
      const stream = connector.stream("queryStream", { sql: "SELECT 1" }, { idempotencyKey: "k" });
      await failure(stream.next(), "unsupported");
      const input = { table, where: { id: 1 } };
      for (const idempotencyKey of ["", "x".repeat(256), "a\0b", "a\nb", "\ud800"]) {
        const error = await failure(connector.execute("delete", input, { idempotencyKey }), "input_invalid");
        assert.match(error.message, /Invalid idempotencyKey/);
        assert.equal(error.outcome, "none");
      }
      await failure(connector.execute("delete", input, { idempotencyKey: "k", effect: "read" }), "input_invalid");
      assert.equal(await size(ctx, table), 1);
      const longest = `${table} ${"😀".repeat(120)}`;
      await connector.execute("delete", input, { idempotencyKey: longest, effect: "idempotent" });
      const again = await connector.call("delete", input, { idempotencyKey: longest, effect: "idempotent" });
      assert.deepEqual([again.data, again.meta.replayed], [{ count: 1 }, true]);
    },
  },
  {
    name: "a statement that ends the transaction by itself leaves a key that nobody can use",
    async run(ctx) {
      const table = await makePeople(ctx);
      const statements = [{ sql: "COMMIT" }];
      const send = () => ctx.connector.execute("transaction", { statements }, { idempotencyKey: table });
      assert.equal((await failure(send(), "unsupported")).outcome, "unknown");
      const error = await failure(send(), "conflict");
      assert.ok(error instanceof ConnectorError);
      assert.equal(error.outcome, "unknown");
    },
  },
];
