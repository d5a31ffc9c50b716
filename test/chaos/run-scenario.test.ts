import { describe, expect, test } from "vitest";
import { seeded } from "./random.ts";
import { brokenIn, renderExpectations, renderTable, type Result } from "./report.ts";
import { runScenario } from "./run-scenario.ts";
import { expectAtMost, expectNone, type Outcome, type Part } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";

const outcome = (...isMet: boolean[]): Outcome => ({
  facts: { calls: 2_000 },
  expectations: isMet.map((each, at) => ({ what: `thing ${at}`, isMet: each, found: "7" })),
});

function run(parts: readonly Part[], limitMs = 10_000, partsAtATime = 1): Promise<Result[]> {
  return runScenario({ title: "a test", limitMs, partsAtATime, parts: () => parts }, { effort: "quick", seed: 1 });
}

describe("a scenario", () => {
  test("gives each part its own chance, the same for the same seed", async () => {
    const drawn: number[] = [];
    const part = (name: string): Part => ({
      name,
      async run({ random }) {
        drawn.push(random());
        return outcome(true);
      },
    });
    await run([part("a"), part("b")]);
    await run([part("b"), part("a")], 10_000, 2);
    expect(drawn).toEqual([drawn[0], drawn[1], drawn[1], drawn[0]]);
    expect(drawn[0]).not.toBe(drawn[1]);
    expect(drawn[0]).toBe(seeded(1, "a")());
  });

  test("goes on after a part that fails, and counts it as broken", async () => {
    const results = await run([
      { name: "a", run: () => Promise.reject(new Error("no server")) },
      { name: "b", run: async () => outcome(true) },
    ]);
    expect(results.map(({ part }) => part)).toEqual(["a", "b"]);
    expect(brokenIn(results)).toBe(1);
    expect(renderExpectations(results)).toContain("✗ BROKEN a: it runs to its end; found Error: no server");
  });

  test("ends a part that never does, and those after it that have no time left", async () => {
    const endless: Part = { name: "a", run: () => new Promise(() => {}) };
    const results = await run([endless, { ...endless, name: "b" }], 10);
    expect(brokenIn(results)).toBe(2);
    expect(renderExpectations(results)).toContain("took longer than its limit");
  });
});

describe("what is printed", () => {
  const results = [
    { part: "a", outcome: outcome(true, true) },
    { part: "b", outcome: outcome(true, false) },
  ];

  test("has a column for each part and a line for each fact", () => {
    expect(renderTable(results)).toBe("              a       b\n  calls   2,000   2,000");
  });

  test("has a line for each expectation, and tells which part broke it", () => {
    expect(renderExpectations(results)).toBe("  ✓ thing 0\n  ✗ BROKEN b: thing 1; found 7");
    expect(brokenIn(results)).toBe(1);
  });
});

test("a bound is met up to its value, and a list where it is empty", () => {
  expect([expectAtMost("x", 1.3, 1.3).isMet, expectAtMost("x", 1.31, 1.3).isMet]).toEqual([true, false]);
  expect([expectAtMost("x", NaN, 1.3).isMet, expectAtMost("x", Infinity, 1.3).isMet]).toEqual([false, false]);
  expect([expectNone("x", []).isMet, expectNone("x", ["a"]).isMet]).toEqual([true, false]);
});

test("chance is spread evenly", () => {
  const random = seeded(42, "even");
  const drawn = Array.from({ length: 2_000 }, random);
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...drawn)).toBeLessThan(1);
  const mean = drawn.reduce((sum, each) => sum + each, 0) / drawn.length;
  expect(mean).toBeCloseTo(0.5, 1);
});

test.each(Object.keys(SCENARIOS))("%s has parts with names of their own", async (name) => {
  const { scenario } = await SCENARIOS[name]!();
  const names = scenario.parts("quick").map((part) => part.name);
  expect(names.length).toBeGreaterThan(1);
  expect(new Set(names).size).toBe(names.length);
});
