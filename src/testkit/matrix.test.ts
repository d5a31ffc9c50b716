import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { renderMatrix, saveResult, type SuiteResult } from "./matrix.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "busbar-matrix-"));
});
afterEach(() => rm(folder, { recursive: true }));

const suite = (more: Partial<SuiteResult>): SuiteResult => ({
  connector: "postgresql",
  contract: "sql",
  target: "embedded",
  passed: 0,
  failed: 0,
  refused: 0,
  isFinished: true,
  lacks: {},
  ...more,
});

test("a run without behaviour suites says so", async () => {
  expect(await renderMatrix(join(folder, "nowhere"))).toBe("No behaviour suite was run.");
});

test("the table has a line per connector and contract, and a column per target; below stand gaps with their reasons", async () => {
  const results = [
    suite({ passed: 42 }),
    suite({ target: "live", passed: 40, failed: 2 }),
    suite({ connector: "sqlite", passed: 40, refused: 2, lacks: { listen: "SQLite has no LISTEN." } }),
    suite({ connector: "rest", contract: "http", target: "live", notRun: "No such server." }),
    suite({ connector: "mysql", target: "live", passed: 3, isFinished: false }),
  ];
  for (const result of results) await saveResult(result, folder);
  expect(await renderMatrix(folder)).toBe(
    [
      "connector    contract   embedded               live",
      "mysql        sql        –                      3 passed, NOT FINISHED",
      "postgresql   sql        42 passed              40 passed, 2 FAILED",
      "rest         http       –                      not run",
      "sqlite       sql        40 passed, 2 refused   –",
      "rest · http · live was not run: No such server.",
      "sqlite · sql · embedded lacks listen: SQLite has no LISTEN.",
    ].join("\n"),
  );
});

test("a later result of the same suite replaces the earlier one, whatever characters its names have", async () => {
  const name = { connector: "@acme/erp", contract: "../sql", target: "a.b" };
  await saveResult(suite({ ...name, passed: 1 }), folder);
  await saveResult(suite({ ...name, passed: 2 }), folder);
  expect((await renderMatrix(folder)).split("\n")[1]).toBe("@acme/erp   ../sql     2 passed");
});
