import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ConnectorError } from "../../core/errors.ts";
import { postgresql, startService, type Service } from "../../testkit/index.ts";
import { PostgreSQLConnector } from "./index.ts";

type Settings = ConstructorParameters<typeof PostgreSQLConnector>[0];

let service: Service;
let admin: PostgreSQLConnector;
const open: PostgreSQLConnector[] = [];
let names = 0;

async function connected(settings: Partial<Settings> = {}): Promise<PostgreSQLConnector> {
  const { host, port, database, username, password } = service;
  const connector = new PostgreSQLConnector({ host, port, database, username, password, ...settings });
  open.push(connector);
  await connector.connect();
  return connector;
}

const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
  work.then(
    () => expect.unreachable("must fail"),
    (error: unknown) => error as ConnectorError,
  );

async function makeTable(columns = "id serial PRIMARY KEY, n int"): Promise<string> {
  const table = `t_${++names}`;
  await admin.query({ sql: `CREATE TABLE ${table} (${columns})` });
  return table;
}

const size = async (table: string): Promise<unknown> =>
  (await admin.query({ sql: `SELECT count(*)::int AS n FROM ${table}` }))[0]?.["n"];

const newKey = (): string => `key-${++names}`;

beforeAll(async () => {
  service = await startService(postgresql({ source: "embedded" }));
  const { host, port, database, username, password } = service;
  admin = new PostgreSQLConnector({ host, port, database, username, password });
  await admin.connect();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((connector) => connector.disconnect({ timeout: 100 })));
});
afterAll(async () => {
  await admin.disconnect();
  await service.destroy();
});

describe("the ledger's table", () => {
  test("is made once when 32 callers find it missing at the same time", async () => {
    const db = await connected({ maxConnections: 32, idempotency: { table: "on_demand" } });
    const table = await makeTable();
    const calls = Array.from({ length: 32 }, (_, n) => db.insert({ table, data: { n } }, { idempotencyKey: `k${n}` }));
    await Promise.all(calls);
    expect(await size(table)).toBe(32);
    expect(await size("on_demand")).toBe(32);
  });
});
