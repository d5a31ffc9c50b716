/**
 * Type tests of the public contract: this file is compiled by the type check and never run.
 * Every `@ts-expect-error` is a mistake that must not compile.
 */
import { z } from "zod";
import type { CallOptions } from "../core/call.ts";
import { BaseConnector } from "../core/connector.ts";
import type { Health } from "../core/health.ts";
import { read, stream, write } from "../core/operation.ts";
import { secret } from "../config/fields.ts";
import { defineConnector } from "./define.ts";

const Row = z.record(z.string(), z.unknown());

export const Database = defineConnector({
  provider: "database",
  type: "database",
  title: "Database",
  summary: "A database.",
  connection: z.strictObject({ host: z.string(), port: z.int().default(5432), password: secret("Password.") }),
  options: z.strictObject({ maxConnections: z.int().default(10) }),
  operations: {
    query: write("Asks.", z.strictObject({ sql: z.string(), values: z.array(z.unknown()).default([]) }), z.array(Row), {
      effect: "unknown",
    }),
    insert: write("Inserts.", z.strictObject({ table: z.string(), data: Row }), Row, { effect: "keyed" }),
    rows: stream("Streams.", z.strictObject({ sql: z.string() }), Row),
    now: read("Tells the time.", z.strictObject({ zone: z.string().optional() }), z.string()),
  },
  async open({ connection, options }) {
    const n: number = options.maxConnections + connection.port;
    const password: string = connection.password.reveal();
    void [n, password];
    return {
      handlers: {
        query: async ({ sql, values }) => {
          const text: string = sql;
          const list: unknown[] = values;
          void [text, list];
          return [{ a: 1 }];
        },
        insert: async ({ data }, call) => {
          const key: string = call.idempotencyKey;
          void key;
          return data;
        },
        rows: async function* () {
          yield { a: 1 };
        },
        now: async () => "",
      },
      ping: async () => {},
      close: async () => {},
    };
  },
  classify: () => undefined,
});
export type Database = InstanceType<typeof Database>;

const db = new Database({ host: "x", password: "y", maxConnections: 3, retryAttempts: 2, timeout: "5s" });
const rows: Record<string, unknown>[] = await db.execute("query", { sql: "select 1" });
const row: Record<string, unknown> = await db.insert({ table: "t", data: {} }, { idempotencyKey: "k" });
const time: string = await db.now();
const answer: { data: string } = await db.call("now");
for await (const item of db.rows({ sql: "x" })) {
  const a: Record<string, unknown> = item;
  void a;
}
for await (const batch of db.stream("rows", { sql: "x" }).batches()) void batch[0]?.["a"];

// @ts-expect-error unknown operation
await db.execute("nope", {});
// @ts-expect-error wrong input
await db.query({ sql: 1 });
// @ts-expect-error missing input
await db.query();
// @ts-expect-error a stream is not executed
await db.execute("rows", { sql: "x" });
// @ts-expect-error an operation that answers once is not streamed
db.stream("query", { sql: "x" });
// @ts-expect-error misspelt option
new Database({ host: "x", password: "y", maxConections: 3 });
// @ts-expect-error missing connection field
new Database({ host: "x" });

const minimal = { provider: "p", type: "custom", title: "t", summary: "s", connection: z.strictObject({}) } as const;
const operations = { count: read("Counts.", z.strictObject({}), z.number()) };
const rest = { ping: async () => {}, close: async () => {} };
defineConnector({
  ...minimal,
  operations,
  classify: () => undefined,
  // @ts-expect-error missing handler
  open: async () => ({ handlers: {}, ...rest }),
});
defineConnector({
  ...minimal,
  operations,
  classify: () => undefined,
  // @ts-expect-error wrong answer type
  open: async () => ({ handlers: { count: async () => "x" }, ...rest }),
});
defineConnector({
  ...minimal,
  operations,
  open: async () => ({ handlers: { count: async () => 1 }, ...rest }),
  // @ts-expect-error not a kind
  classify: () => "weird",
});

/** Without fields of its own a connector still takes what the policies take. */
const Bare = defineConnector({
  ...minimal,
  operations,
  classify: () => undefined,
  open: async () => ({ handlers: { count: async () => 1 }, ...rest }),
});
new Bare({ timeout: "5s" });
// @ts-expect-error misspelt option
new Bare({ timeuot: "5s" });

/** A connector written by hand: four methods and nothing else. */
export class Legacy extends BaseConnector {
  private isUp = false;
  override get isConnected(): boolean {
    return this.isUp;
  }
  override async connect(): Promise<void> {
    this.isUp = true;
  }
  override async disconnect(): Promise<void> {
    this.isUp = false;
  }
  // Authors of such classes type their parameters loosely; that must keep compiling.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  override async execute(operation: string, params?: any): Promise<any> {
    return { operation, params };
  }
  override async healthCheck(): Promise<Health> {
    return { status: "healthy", connected: this.isUp, timestamp: "" };
  }
}
const legacy = new Legacy();
await legacy.execute("ping", { a: 1 });

/** A generated class can be extended. */
export class Extended extends Database {
  async extra(options?: CallOptions): Promise<number> {
    return (await this.query({ sql: "x" }, options)).length;
  }
}
void [rows, row, time, answer];
