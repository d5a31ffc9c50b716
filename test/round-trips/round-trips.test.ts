/** How often a connector waits for its database, as the line to it tells. */
import { Worker } from "node:worker_threads";
import { MySQLConnector } from "busbar/connectors/mysql";
import { PostgreSQLConnector } from "busbar/connectors/postgresql";
import { SQLiteConnector } from "busbar/connectors/sqlite";
import { mariadb, postgresql, startService, type Service } from "busbar/testkit";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { SqlContext } from "../../src/contracts/sql/behaviour.ts";
import { describeService } from "../../src/testkit/services/describe-service.ts";
import { openCountingLine, type CountingLine } from "./counting-line.ts";

type Connector = SqlContext["connector"];
/** Tells the round trips of some work. */
type Count = (work: () => Promise<unknown>) => Promise<number>;

const LISTS = 500;
/** A few for the transaction around it; the rest is room for bytes that cross on their way. */
const FEW = 25;

const table = "items";
const rows = (count: number, from: number): Record<string, unknown>[] =>
  Array.from({ length: count }, (_, at) => ({ id: from + at, name: `item ${at}` }));

interface Started {
  readonly connector: Connector;
  readonly count: Count;
}

/** The trips of the same work in all ways there are to ask for it. */
async function tripsOf({ connector, count }: Started): Promise<{ readonly rows: number[]; readonly lists: number[] }> {
  let from = 0;
  const next = (size: number): Record<string, unknown>[] => rows(size, (from += 10_000));
  const insert = { sql: `insert into ${table} (id, name) values (:id, :name)` };
  const inRows = [
    () => connector.execute("insertMany", { table, rows: next(40) }),
    () => connector.execute("insertMany", { table, rows: next(LISTS) }),
    () => connector.execute("insertMany", { table, rows: next(LISTS).values() }),
    () => connector.execute("insertMany", { table, rows: next(LISTS) }, { idempotencyKey: "rows" }),
    () => connector.transaction((tx) => tx.insertMany({ table, rows: next(LISTS) })),
    () => connector.execute("upsert", { table, rows: next(LISTS), conflict: ["id"] }),
  ];
  const inLists = [
    () => connector.execute("batch", { ...insert, values: next(LISTS) }),
    () => connector.execute("batch", { ...insert, values: next(LISTS) }, { idempotencyKey: "lists" }),
    () => connector.transaction((tx) => tx.batch({ ...insert, values: next(LISTS) })),
  ];
  const all = { rows: [] as number[], lists: [] as number[] };
  for (const work of inRows) all.rows.push(await count(work));
  for (const work of inLists) all.lists.push(await count(work));
  return all;
}

function suite(start: () => Promise<Started>, sendsListsTogether: boolean): void {
  let started: Started;
  beforeAll(async () => {
    started = await start();
    const sql = `create table ${table} (id int primary key, name varchar(100))`;
    await started.connector.execute("execute", { sql });
  });

  test("trap 24: what is asked for as one is not silently run one by one", async () => {
    const trips = await tripsOf(started);
    for (const each of trips.rows) expect(each).toBeLessThan(FEW);
    for (const each of trips.lists)
      if (sendsListsTogether) expect(each).toBeLessThan(FEW);
      // Its protocol has no other way, and docs/guides/sql.md says so.
      else expect(each).toBeGreaterThanOrEqual(LISTS);
  });

  test("each statement on its own takes a round trip, which is counted", async () => {
    const { connector, count } = started;
    const ask = (): Promise<unknown> => connector.execute("query", { sql: "select 1 as one" });
    // What comes again is prepared first.
    for (let at = 0; at < 3; at++) await ask();
    expect(
      await count(async () => {
        for (let at = 0; at < 10; at++) await ask();
      }),
    ).toBe(10);
  });
}

function overALine(
  make: (at: Pick<Service, "host" | "port" | "database" | "username" | "password">) => Connector,
  spec: Parameters<typeof startService>[0],
): () => Promise<Started> {
  let line: CountingLine | undefined;
  let connector: Connector | undefined;
  let service: Service | undefined;
  afterAll(async () => {
    await connector?.disconnect();
    line?.close();
    await service?.destroy();
  });
  return async () => {
    service = await startService(spec);
    line = await openCountingLine(service);
    const { database, username, password } = service;
    connector = make({ host: line.host, port: line.port, database, username, password });
    await connector.connect();
    return { connector, count: line.during };
  };
}

const POSTGRESQL = postgresql({ source: "embedded" });
await describeService("PostgreSQL", POSTGRESQL, () =>
  suite(
    overALine((at) => new PostgreSQLConnector(at), POSTGRESQL),
    true,
  ),
);

await describeService("MariaDB", mariadb(), () =>
  suite(
    overALine((at) => new MySQLConnector(at), mariadb()),
    false,
  ),
);

await describeService("MariaDB without LOAD DATA", mariadb(), () =>
  suite(
    overALine((at) => new MySQLConnector({ ...at, loadData: false }), mariadb()),
    false,
  ),
);

describe("SQLite, whose line is the one to its thread", () => {
  const connector = new SQLiteConnector({ file: ":memory:" });
  const sent = vi.spyOn(Worker.prototype, "postMessage");
  afterAll(async () => {
    await connector.disconnect();
    sent.mockRestore();
  });
  suite(async () => {
    await connector.connect();
    const count: Count = async (work) => {
      const before = sent.mock.calls.length;
      await work();
      return sent.mock.calls.length - before;
    };
    return { connector, count };
  }, true);
});
