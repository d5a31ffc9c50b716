import { beforeAll, expect, test } from "vitest";
import { openForTest } from "./open-for-test.ts";

const { service, connected } = await openForTest();
const admin = await connected();

beforeAll(async () => {
  for (const sql of [
    "CREATE TABLE open_to_all (id int, note text)",
    "CREATE TABLE closed (id int)",
    "CREATE TABLE half (id int, note text)",
    "CREATE DATABASE other_one",
    "CREATE TABLE other_one.thing (id int)",
    "CREATE USER plain@'%' IDENTIFIED BY 'secret'",
    `GRANT SELECT, INSERT ON ${service.database}.open_to_all TO plain@'%'`,
    `GRANT UPDATE (note) ON ${service.database}.half TO plain@'%'`,
    `GRANT SELECT ON ${service.database}.closed TO plain@'%'`,
    "GRANT DELETE ON other_one.* TO plain@'%'",
    "CREATE USER 'odd@name'@'%' IDENTIFIED BY 'secret'",
    `GRANT SELECT ON ${service.database}.* TO 'odd@name'@'%'`,
    "CREATE USER mighty@'%' IDENTIFIED BY 'secret'",
    "GRANT FILE, CREATE USER, SUPER, SHUTDOWN, REPLICATION SLAVE ON *.* TO mighty@'%'",
    `GRANT SELECT ON ${service.database}.* TO mighty@'%'`,
  ])
    await admin.query({ sql });
});

const as = (username: string) => connected({ username, password: "secret", access: "read-only" });

test("a user may change what it was granted, by table, column or database, and is warned of it where it only reads", async () => {
  const db = service.database;
  const found = await (await as("plain")).execute("privileges");
  expect(found).toEqual({
    role: "plain@%",
    powers: [],
    writable: { count: 3, some: [`${db}.half`, `${db}.open_to_all`, "other_one.thing"].sort() },
    warnings: [expect.stringContaining("may change 3 tables")],
  });
});

test("a user who may only read is not warned of, whatever its name", async () => {
  const found = await (await as("odd@name")).execute("privileges");
  expect(found).toEqual({ role: "odd@name@%", powers: [], writable: { count: 0, some: [] }, warnings: [] });
});

test("each power beyond tables is named", async () => {
  const { powers, warnings } = await (await as("mighty")).execute("privileges");
  expect(powers).toEqual([
    "may copy the whole server (REPLICATION SLAVE)",
    "may create users",
    "may read and write files on the server's machine (FILE)",
    "may shut the server down",
    "passes over limits and read-only servers (SUPER)",
  ]);
  expect(warnings).toHaveLength(5);
});
