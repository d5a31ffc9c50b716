import { PostgreSQLConnector } from "busbar/connectors/postgresql";
import { postgresql, startService, type Service } from "busbar/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let service: Service;
let db: PostgreSQLConnector;

beforeAll(async () => {
  service = await startService(postgresql({ source: "embedded" }));
  const { host, port, database, username, password } = service;
  db = new PostgreSQLConnector({ host, port, database, username, password, maxConnections: 1 });
  await db.connect();
  await db.query({ sql: "CREATE TABLE thing (id serial PRIMARY KEY, name text)" });
});
afterAll(async () => {
  await db.disconnect();
  await service.destroy();
});

describe("what is no row is refused, never taken for one without columns", () => {
  const things: readonly (readonly [string, object])[] = [
    ["a map", new Map([["name", "x"]])],
    ["a date", new Date()],
    ["a promise that nobody awaited", Promise.resolve({ name: "x" })],
  ];
  test.each(things)("%s", async (_, data) => {
    const refused = { kind: "input_invalid", outcome: "none" };
    // No row in TypeScript either; JavaScript does not say so.
    const row = data as Record<string, unknown>;
    await expect(db.insert({ table: "thing", data: row })).rejects.toMatchObject(refused);
    await expect(db.insertMany({ table: "thing", rows: [row] })).rejects.toMatchObject(refused);
    await expect(db.delete({ table: "thing", where: row, all: true })).rejects.toMatchObject(refused);
    await expect(db.query({ sql: "SELECT * FROM thing" })).resolves.toEqual([]);
  });

  test("an instance of a class is a row", async () => {
    class Thing {
      name = "y";
    }
    const data: Record<string, unknown> = { ...new Thing() };
    await expect(db.insert({ table: "thing", data })).resolves.toMatchObject({ name: "y" });
  });
});

describe("what cannot be sent is refused before it is, without its text", () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const ring: unknown[] = [];
  ring.push(ring);
  const values: readonly (readonly [string, unknown])[] = [
    ["a circle", circle],
    ["a list in itself", ring],
    ["a big integer in JSON", { n: 1n }],
    [
      "what throws when it is written",
      {
        toJSON() {
          throw new Error("4242");
        },
      },
    ],
    ["a promise", Promise.resolve(1)],
    ["a map", new Map([[1, 2]])],
    ["an error", new Error("4242")],
  ];
  test.each(values)("%s", async (_, value) => {
    const error: unknown = await db.query({ sql: "SELECT $1::json AS j", values: [value] }).catch((thrown) => thrown);
    expect(error).toMatchObject({ kind: "input_invalid", outcome: "none" });
    expect(String(error)).not.toContain("4242");
  });
});

test.each([[[]], [[1]], [[1, 2, 3]]])(
  "values that are not as many as the placeholders are the caller's mistake: %j",
  (values) =>
    expect(db.query({ sql: "SELECT $1::int, $2::int", values })).rejects.toMatchObject({
      kind: "input_invalid",
      outcome: "none",
      message: expect.stringContaining("number of parameters") as string,
    }),
);

test("what a stream sets in the session does not reach the next call", async () => {
  for await (const row of db.queryStream({ sql: "SET search_path = elsewhere" }))
    expect.unreachable(Object.keys(row).join());
  await expect(db.query({ sql: "SHOW search_path" })).resolves.toEqual([{ search_path: '"$user", public' }]);
});
