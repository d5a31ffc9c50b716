import { expect, test } from "vitest";
import { SQLiteConnector } from "./index.ts";

test("many rows of many columns go in as many statements as SQLite's number of parameters asks for", async () => {
  const db = new SQLiteConnector({ file: ":memory:" });
  await db.connect();
  const names = Array.from({ length: 40 }, (_, at) => `c${at}`);
  await db.query({ sql: `create table wide (${names.join(", ")})` });
  const rows = Array.from({ length: 1_000 }, () => Object.fromEntries(names.map((name, at) => [name, at])));
  expect(await db.insertMany({ table: "wide", rows })).toEqual({ count: 1_000 });
  await db.disconnect();
});
