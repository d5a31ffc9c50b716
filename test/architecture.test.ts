import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { badNames, bannedCode, oversized, switchedTests } from "./architecture/code-rules.ts";
import { brokenImports, importCycles, strayImports } from "./architecture/import-rules.ts";
import { parseSource, readSources } from "./architecture/source-tree.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = readSources(root, "src");
const tests = [...sources, ...readSources(root, "test")].filter(
  ({ path }) => path.endsWith("test.ts") || /^src\/(contracts|testkit)\//.test(path),
);

describe("the sources", () => {
  test("import downwards only, and load drivers only when they are needed", () => {
    expect(brokenImports(sources)).toEqual([]);
  });
  test("import files that exist, by relative paths", () => {
    expect(strayImports(sources)).toEqual([]);
  });
  test("have no circle of imports", () => {
    expect(importCycles(sources)).toEqual([]);
  });
  test("take time, output and environment from their one place", () => {
    expect(bannedCode(sources)).toEqual([]);
  });
  test("are short", () => {
    expect(oversized(sources)).toEqual([]);
  });
  test("are called after what they are", () => {
    expect(badNames(sources)).toEqual([]);
  });
});

test("every test runs", () => {
  expect(switchedTests(tests)).toEqual([]);
});

describe("the rules notice", () => {
  const broken = (path: string, text: string): string[] => brokenImports([parseSource(path, text)]);

  test.each([
    ["src/core/a.ts", `import { x } from "../policies/x.ts";`, `"core" may not import layer "policies"`],
    ["src/core/a.ts", `import type { Y } from "yaml";`, `may not import the package "yaml"`],
    ["src/policies/a.ts", `export { x } from "../config/load.ts";`, `"policies" may not import layer "config"`],
    ["src/config/fields.ts", `import "../policies/retry.ts";`, `"fields" may not import layer "policies"`],
    ["src/connectors/rest/index.ts", `import "../postgresql/index.ts";`, `do not know each other`],
    ["src/connectors/rest/targets.ts", `import "../postgresql/session.ts";`, `do not know each other`],
    ["src/connectors/rest/session.ts", `import { Pool } from "undici";`, `loaded at once`],
    ["src/connectors/rest/session.ts", `import axios from "axios";`, `may not import the package "axios"`],
    [
      "src/connectors/rest/index.ts",
      `import "../../testkit/fake-clock.ts";`,
      `"connectors" may not import layer "testkit"`,
    ],
    ["src/contracts/sql/operations.ts", `import "../http/operations.ts";`, `do not know each other`],
    ["src/hub/hub.ts", `import "../connectors/rest/index.ts";`, `"hub" may not import layer "connectors"`],
    ["src/observers/a.ts", `import "../policies/x.ts";`, `"observers" may not import layer "policies"`],
    ["src/observers/a.ts", `import "@opentelemetry/api";`, `may not import the package "@opentelemetry/api"`],
    ["src/index.ts", `import "./testkit/index.ts";`, `"testkit" is not for layer "index"`],
    ["src/surfaces/gateway/a.ts", `import "../cli/main.ts";`, `"cli" is not for layer "surfaces"`],
    ["src/elsewhere/a.ts", ``, `belongs to no layer`],
  ])("%s: %s", (path, text, message) => {
    expect(broken(path, text)).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    ["src/connectors/rest/session.ts", `import type { Pool } from "undici"; const u = await import("undici");`],
    ["src/connectors/rest/targets.ts", `import { x } from "../../testkit/index.ts"; import { y } from "./config.ts";`],
    ["src/connectors/registry.ts", `const load = () => import("./rest/index.ts");`],
    ["src/contracts/sql/behaviour.ts", `import { x } from "./operations.ts"; import { test } from "vitest";`],
  ])("nothing where nothing is wrong: %s: %s", (path, text) => {
    expect(broken(path, text)).toEqual([]);
  });

  test("a circle, also one of types", () => {
    const files = [
      parseSource("src/core/a.ts", `import { b } from "./b.ts";`),
      parseSource("src/core/b.ts", `import type { C } from "./c.ts";`),
      parseSource("src/core/c.ts", `export * from "./a.ts";`),
    ];
    expect(importCycles(files)).toEqual(["src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts"]);
  });

  test("imports of files that are not there", () => {
    const file = parseSource("src/core/a.ts", `import "./b.js";\nimport "busbar";`);
    expect(strayImports([file])).toEqual([
      "src/core/a.ts:1: no such file: ./b.js",
      expect.stringContaining("src/core/a.ts:2: imports busbar by its own name"),
    ]);
  });

  test.each([
    ["Date.now()", "Date.now"],
    ["setTimeout(() => {}, 1)", "bare timer"],
    ["console.log(1)", "console"],
    ["let x: any", "any"],
    ["process.env.HOME", "environment"],
    ["process.exit(1)", "end of the process"],
  ])("%s", (text, message) => {
    expect(bannedCode([parseSource("src/core/a.ts", text)])).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    "test.skip('a', f)",
    "describe.only('a', f)",
    "it.todo('a')",
    "test.concurrent.skip('a', f)",
    "xit('a', f)",
  ])("%s", (text) => {
    expect(switchedTests([parseSource("src/a.test.ts", text)])).toHaveLength(1);
  });

  test("what is too long", () => {
    const lines = (n: number): string => "\n".repeat(n);
    const files = [
      parseSource("src/core/a.ts", lines(301)),
      parseSource("src/policies/a.ts", lines(151)),
      parseSource("src/connectors/a/x.ts", lines(300)),
      parseSource("src/connectors/a/y.ts", lines(300)),
      parseSource("src/connectors/a/z.ts", lines(1)),
      parseSource("src/connectors/a/a.test.ts", lines(900)),
      parseSource("src/connectors/a/wire/w.ts", lines(300)),
    ];
    expect(oversized(files)).toEqual([
      "src/core/a.ts: 301 lines, at most 300",
      "src/policies/a.ts: 151 lines, at most 150",
      "src/connectors/a: 601 lines in all, at most 600",
    ]);
  });

  test.each([
    ["src/core/utils.ts", ""],
    ["src/hub/pool-manager.ts", ""],
    ["src/common/a.ts", ""],
    ["src/core/camelCase.ts", ""],
    ["src/core/a.ts", "class PoolManager {}"],
    ["src/core/a.ts", "export function sqlHelper() {}"],
  ])("the name in %s %s", (path, text) => {
    expect(badNames([parseSource(path, text)])).toHaveLength(1);
  });
});
