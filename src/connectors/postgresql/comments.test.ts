import * as api from "@opentelemetry/api";
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { traceTo } from "../../observers/index.ts";
import { describe, expect, test } from "vitest";
import { openForTest } from "./open-for-test.ts";

const { connected } = await openForTest();
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
const recorded = { traceparent: `00-${TRACE}-01` };
const sql = "SELECT current_query() AS query";
const plain = "/*connector='postgresql',operation=";

describe("sqlComments", () => {
  test("are not there unless asked for", async () => {
    const db = await connected();
    expect(await db.query({ sql }, recorded)).toEqual([{ query: sql }]);
  });

  test("end the statements of every operation", async () => {
    const db = await connected({ sqlComments: true });
    expect(await db.query({ sql })).toEqual([{ query: `${sql} ${plain}'query'*/` }]);
    const traced = [{ query: `${sql} ${plain}'query',traceparent='00-${TRACE}-01'*/` }];
    expect(await db.query({ sql }, recorded)).toEqual(traced);
    expect(await db.query({ sql, values: [] }, { traceparent: `00-${TRACE}-00` })).not.toEqual(traced);
    for await (const row of db.queryStream({ sql }, recorded))
      expect(row).toEqual({ query: traced[0]?.query.replace("'query'", "'queryStream'") });
    const inside = await db.transaction((tx) => tx.query({ sql }), recorded);
    expect(inside).toEqual([{ query: traced[0]?.query.replace("'query'", "'transaction'") }]);
    const keyed = await db.transaction((tx) => tx.query({ sql }), { ...recorded, idempotencyKey: "k1" });
    expect(keyed).toEqual(inside);

    await db.query({ sql: "CREATE TABLE said (id int PRIMARY KEY, query text DEFAULT current_query())" });
    await db.insert({ table: "said", data: { id: 1 } }, recorded);
    await db.insert({ table: "said", data: { id: 2 } }, { ...recorded, idempotencyKey: "k2" });
    await db.insertMany({ table: "said", rows: [{ id: 3 }, { id: 4 }] }, recorded);
    await db.upsert({ table: "said", rows: [{ id: 5 }], conflict: ["id"] }, recorded);
    await db.batch({ sql: "INSERT INTO said (id) VALUES ($1)", values: [[6], [7]] }, recorded);
    const said = await db.query({ sql: "SELECT query FROM said ORDER BY id" });
    const operations = ["insert", "insert", "insertMany", "insertMany", "upsert", "batch", "batch"];
    expect(said.map(({ query }) => (query as string).slice((query as string).lastIndexOf("/*")))).toEqual(
      operations.map((operation) => `${plain}'${operation}',traceparent='00-${TRACE}-01'*/`),
    );
  });

  test("are there where only reading is allowed", async () => {
    for (const wire of [true, false]) {
      const db = await connected({ sqlComments: true, access: "read-only", wire });
      expect(await db.query({ sql })).toEqual([{ query: `${sql} ${plain}'query'*/` }]);
    }
  });

  test("leave statements prepared, but for calls whose trace is recorded: those fill no memory", async () => {
    const db = await connected({ sqlComments: true, maxConnections: 1 });
    const prepared = "SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%current_query%'";
    for (let each = 0; each < 50; each++) {
      const spanId = (each + 1).toString(16).padStart(16, "0");
      await db.query({ sql }, { traceparent: `00-4bf92f3577b34da6a3ce929d0e0e4736-${spanId}-01` });
    }
    const kept = async (): Promise<unknown[]> =>
      (await db.query({ sql: `${prepared} AND statement NOT LIKE '%pg_prepared%'` })).map(({ statement }) => statement);
    expect(await kept()).toEqual([]);
    for (let each = 0; each < 5; each++) await db.query({ sql });
    expect(await kept()).toEqual([`${sql} ${plain}'query'*/`]);
  });

  test("are there on connections that calls share", async () => {
    const db = await connected({ sqlComments: true, maxConnections: 4 });
    const all = async (more = {}): Promise<Set<unknown>> => {
      const answers = await Promise.all(Array.from({ length: 200 }, () => db.query({ sql }, more)));
      return new Set(answers.flat().map(({ query }) => query));
    };
    for (let round = 0; round < 5; round++) {
      expect(await all()).toEqual(new Set([`${sql} ${plain}'query'*/`]));
      expect(await all(recorded)).toEqual(new Set([`${sql} ${plain}'query',traceparent='00-${TRACE}-01'*/`]));
    }
  });

  test("name the span of the try where a tracer makes spans", async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    provider.register();
    const tracing = traceTo(api);
    try {
      const db = await connected({ sqlComments: true });
      const [row] = await db.query({ sql });
      const span = exporter
        .getFinishedSpans()
        .find(({ kind }) => kind === api.SpanKind.CLIENT)!
        .spanContext();
      expect(row?.["query"]).toContain(`traceparent='00-${span.traceId}-${span.spanId}-01'*/`);
    } finally {
      tracing[Symbol.dispose]();
      await provider.shutdown();
      api.trace.disable();
      api.context.disable();
    }
  });

  test("take nothing from a statement that ends with a semicolon or a comment of its own", async () => {
    const db = await connected({ sqlComments: true });
    expect(await db.query({ sql: "SELECT 1 AS a;" })).toEqual([{ a: 1 }]);
    expect(await db.query({ sql: "SELECT 1 AS a -- one" })).toEqual([{ a: 1 }]);
    expect(await db.query({ sql: "SELECT :n::int AS a /* own */", values: { n: 1 } })).toEqual([{ a: 1 }]);
    await expect(db.query({ sql: "SELECT 1; SELECT 2" })).rejects.toMatchObject({ kind: "input_invalid" });
    for (const open of ["SELECT 1 /* open", "SELECT 'open", 'SELECT "open', "SELECT $x$ open"])
      await expect(db.query({ sql: open })).rejects.toMatchObject({ kind: "input_invalid" });
  });
});
