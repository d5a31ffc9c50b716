import { PostgreSQLConnector, type SqlTransaction } from "busbar/connectors/postgresql";
import { postgresql, startService, type Service } from "busbar/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

let service: Service;
let db: PostgreSQLConnector;
let readOnly: PostgreSQLConnector;
const unhandled = vi.fn();

beforeAll(async () => {
  service = await startService(postgresql({ source: "embedded" }));
  const { host, port, database, username, password } = service;
  // One connection, so that whatever comes late meets the next caller.
  const settings = { host, port, database, username, password, maxConnections: 1 };
  db = new PostgreSQLConnector(settings);
  readOnly = new PostgreSQLConnector({ ...settings, access: "read-only" });
  await Promise.all([db.connect(), readOnly.connect()]);
  await db.query({ sql: "CREATE TABLE thing (name text)" });
});
beforeEach(async () => {
  await db.delete({ table: "thing", all: true });
  unhandled.mockClear();
  process.on("unhandledRejection", unhandled);
});
afterEach(() => void process.off("unhandledRejection", unhandled));
afterAll(async () => {
  await Promise.all([db.disconnect(), readOnly.disconnect()]);
  await service.destroy();
});

const put = (tx: SqlTransaction, name: string): Promise<unknown> => tx.insert({ table: "thing", data: { name } });
const names = async (): Promise<unknown[]> =>
  (await db.query({ sql: "SELECT name FROM thing ORDER BY name" })).map(({ name }) => name);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const notAwaited = { kind: "unsupported", outcome: "none", hint: expect.stringContaining("Await every") as string };

describe("what a function does not wait for keeps nothing of its transaction, and does not end the process", () => {
  const functions: Readonly<Record<string, (tx: SqlTransaction) => void>> = {
    "a statement": (tx) => void put(tx, "a"),
    "several statements": (tx) => ["a", "b", "c"].forEach((name) => void put(tx, name)),
    "a transaction inside": (tx) => void tx.transaction((inner) => put(inner, "a")),
    "a statement of a transaction inside": (tx) =>
      void tx.transaction((inner) => {
        void put(inner, "a");
        return Promise.resolve();
      }),
  };
  test.each(Object.entries(functions))("%s", async (_, work) => {
    const transaction = db.transaction((tx) => {
      work(tx);
      return Promise.resolve();
    });
    await expect(transaction).rejects.toMatchObject(notAwaited);
    expect(await names()).toEqual([]);
    await turn();
    expect(unhandled).not.toHaveBeenCalled();
  });

  test("a statement that fails is what the transaction ends with", async () => {
    const transaction = db.transaction((tx) => {
      void tx.query({ sql: "SELECT 1/0" });
      return Promise.resolve();
    });
    await expect(transaction).rejects.toMatchObject({ kind: "input_invalid", code: "22012" });
    await turn();
    expect(unhandled).not.toHaveBeenCalled();
  });
});

test("a transaction inside that goes on after its outer one never reaches the next caller's", async () => {
  let goOn = (): void => {};
  const gate = new Promise<void>((resolve) => (goOn = resolve));
  let late: Promise<unknown> | undefined;
  const first = db.transaction((tx) => {
    late = tx.transaction(async (inner) => {
      await gate;
      await put(inner, "late");
    });
    return Promise.resolve();
  });
  await expect(first).rejects.toMatchObject(notAwaited);
  await db.transaction(async (tx) => {
    await put(tx, "mine");
    goOn();
    await expect(late).rejects.toMatchObject({ kind: "unsupported", outcome: "none" });
  });
  expect(await names()).toEqual(["mine"]);
});

test("a transaction inside may leave something unfinished where the outer one copes with that", async () => {
  await db.transaction(async (tx) => {
    const inner = tx.transaction((handle) => {
      void put(handle, "lost");
      return Promise.resolve();
    });
    await expect(inner).rejects.toMatchObject(notAwaited);
    await put(tx, "kept");
  });
  expect(await names()).toEqual(["kept"]);
});

test("a function that throws at once or answers with no promise is treated as any other", async () => {
  const mistake = new Error("at once");
  const throwing = (): never => {
    throw mistake;
  };
  await expect(db.transaction(throwing)).rejects.toBe(mistake);
  // What TypeScript refuses, JavaScript does not.
  await expect(db.transaction((() => 5) as unknown as () => Promise<number>)).resolves.toBe(5);
});

test.each(["serializable; DROP TABLE thing", "serializable read write --", "SERIALIZABLE", "", "toString", 5, null])(
  "an isolation level that is none does not become a part of a statement: %j",
  async (isolation) => {
    const options = { isolation: isolation as "serializable" };
    const refused = { kind: "input_invalid", message: expect.stringContaining("Invalid isolation") as string };
    await expect(db.transaction(() => Promise.resolve(1), options)).rejects.toMatchObject(refused);
    const writing = readOnly.transaction((tx) => put(tx, "written"), options);
    await expect(writing).rejects.toMatchObject(refused);
    expect(await names()).toEqual([]);
  },
);

test("a transaction that waits for a second connection of a pool of one ends by its deadline, and the next call works", async () => {
  const waits = db.transaction(() => db.query({ sql: "SELECT 1" }), { timeout: 300 });
  await expect(waits).rejects.toMatchObject({
    kind: "timeout",
    outcome: "none",
    hint: expect.stringContaining("use its own handle") as string,
  });
  await expect(db.query({ sql: "SELECT 1 AS n" })).resolves.toEqual([{ n: 1 }]);
});
