/** Mistakes of other connector runtimes that this one must not make: each has a test that is named after it. */
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { nodesOf, parseSource, readSources, type SourceFile } from "./architecture/source-tree.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Shown today. */
const TRAPS: Readonly<Record<number, string>> = {
  1: "an unsafe call is repeated after an ambiguous network error",
  2: "4xx is retried, 429 is not, or sooner than the quota comes back",
  3: "a time-out outside of retry only, so that a half-open connection hangs a try for ever",
  4: "the wait before a retry ignores the abort",
  5: "everybody who waits for a token renews it again",
  6: "a token is renewed at 401 only, and its lifetime is ignored",
  7: "a user's list of statuses takes the place of the default one",
  8: "queued calls ignore a newly learned Retry-After",
  9: "bookkeeping by request grows for ever",
  10: "a reload closes the old instance and fails to open the new one",
  11: "the error of an idle client has no listener",
  12: "a pool never recovers from a failover",
  13: "a connection test closes the shared pool",
  14: "after a kill the rest of a transaction runs outside of it",
  15: "a late cancel request ends the next caller's statement",
  16: "read-only by matching text",
  17: "a redirect carries credentials to another host",
  18: "variables are expanded in comments, missing ones told one at a time",
  20: "one unreachable system stops all, or health says OK without it",
  22: "rows without names, digits lost",
  23: "an unbounded result fills the heap",
  24: "a batch is silently run one by one",
  25: "a trailing remaining: 0 parks a healthy token",
  26: "an unread stream keeps its slot",
  27: "TLS verification is switched off for the whole process",
  28: "rotated credentials need a restart",
};

/** Of surfaces that there are not yet: the hidden operation of a toolset, dead letters. */
const LATER: ReadonlySet<number> = new Set([19, 21]);

const RUNNERS = new Set(["test", "it", "describe"]);

/** Numbers of the traps that tests, or groups of them, are named after. */
function trapsIn(files: readonly SourceFile[]): Set<number> {
  const found = new Set<number>();
  for (const { ast } of files)
    for (const node of nodesOf(ast)) {
      if (!ts.isCallExpression(node)) continue;
      const [name] = node.arguments;
      if (name === undefined || !ts.isStringLiteralLike(name) || !RUNNERS.has(runnerOf(node.expression))) continue;
      const number = /^trap (\d+): /.exec(name.text)?.[1];
      if (number !== undefined) found.add(Number(number));
    }
  return found;
}

/** `test` of `test`, of `test.each(…)` and of `` test.each`…` ``. */
function runnerOf(node: ts.Expression): string {
  let at = node;
  while (!ts.isIdentifier(at)) {
    if (ts.isCallExpression(at) || ts.isPropertyAccessExpression(at)) at = at.expression;
    else if (ts.isTaggedTemplateExpression(at)) at = at.tag;
    else return "";
  }
  return at.text;
}

const tests = ["src", "test", "examples", "bench"]
  .flatMap((folder) => readSources(root, folder))
  .filter(({ path }) => path.endsWith(".test.ts"));

test("every trap has a test that is named after it", () => {
  const found = trapsIn(tests);
  const missing = Object.entries(TRAPS).filter(([number]) => !found.has(Number(number)));
  expect(missing).toEqual([]);
});

test("a trap whose time has come stands in the table, and no other number is used", () => {
  const known = (number: number): boolean => number in TRAPS || LATER.has(number);
  expect([...trapsIn(tests)].filter((number) => !known(number))).toEqual([]);
  expect(Array.from({ length: 28 }, (_, at) => at + 1).filter((number) => !known(number))).toEqual([]);
});

describe("a test is found", () => {
  const numbers = (text: string): number[] => [...trapsIn([parseSource("src/a.test.ts", text)])];

  test.each([
    [`test("trap 4: ends", () => {});`, [4]],
    [`describe("trap 12: a server", () => { it("comes back", () => {}); });`, [12]],
    [`test.each([1])("trap 2: %i", () => {});`, [2]],
    ["it.each`a\n${1}`('trap 3: $a', () => {});", [3]],
    [`test("ends (trap 4)", () => {});`, []],
    [`test("trap 4 ends", () => {});`, []],
    [`expect("trap 4: ends");`, []],
    [`// test("trap 4: ends", () => {});`, []],
    [`const text = 'test("trap 4: ends")';`, []],
  ])("%s: %j", (text, found) => {
    expect(numbers(text)).toEqual(found);
  });
});
