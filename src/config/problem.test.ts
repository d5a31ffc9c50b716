import { expect, test } from "vitest";
import type { ConfigProblem } from "./problem.ts";
import { configError, formatProblem, problemsOf } from "./problem.ts";

const file = { from: "file", file: "a.yaml", line: 7, column: 13 } as const;
const code = (path: string) => ({ from: "code", path }) as const;

test.each<[string, Omit<ConfigProblem, "message">]>([
  ["a.yaml:7:13: db.connection.port: odd", { origin: file, connector: "db", path: ["connection", "port"] }],
  ["a.yaml:7:13: odd", { origin: file, path: [] }],
  ["connectors[0].name: db.name: odd", { origin: code("connectors[0].name"), connector: "db", path: ["name"] }],
  ["connectors: odd", { origin: code("connectors"), path: ["connectors"] }],
  ["connectors: odd", { origin: code(""), path: ["connectors"] }],
  ["odd", { origin: code(""), path: [] }],
])("a problem is told as %j", (told, problem) => {
  expect(formatProblem({ ...problem, message: "odd" })).toBe(told);
});

test("one problem stands in the error's line, several in lines of their own", () => {
  const one: ConfigProblem = { origin: code(""), path: [], message: "odd" };
  const other: ConfigProblem = { origin: file, connector: "db", path: ["type"], message: "even" };
  expect(configError([one]).message).toBe("Invalid configuration: odd");
  const error = configError([one, other]);
  expect(error.message).toBe("Invalid configuration, 2 problems:\n  odd\n  a.yaml:7:13: db.type: even");
  expect(problemsOf(error)).toEqual([one, other]);
  expect(problemsOf(new Error("odd"))).toEqual([]);
});
