import { expect, test } from "vitest";
import { nearest } from "./nearest.ts";

const fields = ["host", "port", "database", "username", "password", "maxConnections", "url", "ssl"];

test.each([
  ["hots", "host"],
  ["prot", "port"],
  ["Port", "port"],
  ["databse", "database"],
  ["user_name", "username"],
  ["maxConections", "maxConnections"],
  ["maxconnections", "maxConnections"],
  ["urll", "url"],
  ["uri", "url"],
  ["pasword", "password"],
])("%s most likely means %s", (found, meant) => {
  expect(nearest(found, fields)).toBe(meant);
});

test.each(["", "x", "zzz", "timezone", "connectionString", "🙂🙂"])('nothing is close to "%s"', (found) => {
  expect(nearest(found, fields)).toBeUndefined();
});

test("of several the closest is taken, of equally close ones the first", () => {
  expect(nearest("querry", ["queries", "query"])).toBe("query");
  expect(nearest("bat", ["cat", "rat"])).toBe("cat");
});

test("a swap of neighbours is one mistake", () => {
  expect(nearest("teh", ["the"])).toBe("the");
});

test("a name of a megabyte is compared with none", () => {
  const names = Array.from({ length: 1_000 }, (_, i) => `operation${i}`);
  expect(nearest("x".repeat(1_000_000), names)).toBeUndefined();
});
