import { beforeAll, expect, test } from "vitest";
import { openForTest } from "./open-for-test.ts";

const { connected } = await openForTest();
const admin = await connected();

beforeAll(async () => {
  for (const sql of [
    "CREATE TABLE open_to_all (id int, note text)",
    "CREATE TABLE closed (id int)",
    `CREATE SCHEMA "odd.one"`,
    `CREATE TABLE "odd.one"."ta""ble" (id int, note text)`,
    "CREATE SCHEMA hidden",
    "CREATE TABLE hidden.away (id int)",
    "GRANT SELECT, INSERT ON open_to_all TO public",
    `GRANT USAGE ON SCHEMA "odd.one" TO public`,
    `GRANT UPDATE (note) ON "odd.one"."ta""ble" TO public`,
    "GRANT ALL ON hidden.away TO public",
    "CREATE ROLE plain LOGIN PASSWORD 'secret'",
    "CREATE ROLE mighty LOGIN CREATEROLE CREATEDB REPLICATION BYPASSRLS PASSWORD 'secret'",
    "GRANT pg_execute_server_program, pg_write_server_files, pg_read_server_files, pg_signal_backend TO mighty",
  ])
    await admin.query({ sql });
});

const as = (username: string) => connected({ username, password: "secret" });

test("a superuser is told and warned of, whatever the access", async () => {
  const { role, powers, warnings } = await admin.execute("privileges");
  expect(role).toBe("test");
  expect(powers).toEqual([expect.stringContaining("superuser")]);
  expect(warnings).toHaveLength(1);
  const reader = await connected({ access: "read-only" });
  const found = await reader.execute("privileges");
  expect(found.warnings).toEqual([
    expect.stringContaining("superuser"),
    expect.stringContaining("may change 4 tables"),
  ]);
});

test("a plain role may change what it was granted, one column included, and there is nothing to warn of", async () => {
  const found = await (await as("plain")).execute("privileges");
  expect(found).toEqual({
    role: "plain",
    powers: [],
    writable: { count: 2, some: [`"odd.one"."ta""ble"`, "public.open_to_all"] },
    warnings: [],
  });
});

test("with `access: read-only`, rights to write are warned of by name", async () => {
  const reader = await connected({ username: "plain", password: "secret", access: "read-only" });
  const { warnings } = await reader.execute("privileges");
  expect(warnings).toEqual([
    expect.stringMatching(/plain may change 2 tables \("odd.one"."ta""ble", public.open_to_all\)/),
  ]);
  await admin.query({ sql: "CREATE ROLE reads LOGIN PASSWORD 'secret'" });
  for (const sql of ["REVOKE ALL ON open_to_all FROM public", `REVOKE ALL ON SCHEMA "odd.one" FROM public`])
    await admin.query({ sql });
  const pure = await connected({ username: "reads", password: "secret", access: "read-only" });
  expect((await pure.execute("privileges")).warnings).toEqual([]);
});

test("each power beyond tables is named", async () => {
  const { powers } = await (await as("mighty")).execute("privileges");
  expect(powers).toEqual([
    "may create roles",
    "may create databases",
    "may copy the whole database (REPLICATION)",
    "is not held by row security (BYPASSRLS)",
    "may run programs on the server's machine",
    "may read files on the server's machine",
    "may end other sessions",
    "may write files on the server's machine",
  ]);
});
