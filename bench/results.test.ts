import { expect, test } from "vitest";
import type { Pledge, Side } from "./bench.ts";
import type { Measured } from "./harness.ts";
import { judge, median, rowsOf } from "./results.ts";
import { renderRows, renderVerdicts } from "./table.ts";

function measured(name: string, is: Side["is"], perSecond: readonly number[], cpuMicros = 10): Measured {
  const open = (): never => {
    throw new Error("not opened here");
  };
  const samples = perSecond.map((operations) => ({
    operations,
    elapsedMs: 1000,
    cpuMs: (operations * cpuMicros) / 1000,
    peakRssBytes: 2 ** 20,
  }));
  return { side: { name, is, open }, samples };
}

const busbar = measured("ours", "busbar", [200, 20, 400], 8);
const peer = measured("theirs", "peer", [100, 10, 100], 10);

function pledge(facts: Partial<Pledge>): Pledge {
  return { id: "P0", measure: "throughput", side: "ours", against: "theirs", promised: 1, goal: 2, ...facts };
}

test("a median is the middle, or between the two in the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

test("ratios are taken within a round, so that a slow moment hits both sides", () => {
  const [verdict] = judge([pledge({})], [busbar, peer]);
  expect(verdict).toMatchObject({ found: 2, isKept: true, isGoalReached: true });
});

test("a promise that is not kept is said so, whatever it measures", () => {
  const broken = [
    pledge({ promised: 2.1, goal: 3 }),
    pledge({ measure: "cpu", promised: 0.7, goal: 0.5 }),
    pledge({ measure: "cost", side: "theirs", against: "ours", promised: 1.9, goal: 1 }),
  ];
  const verdicts = judge(broken, [busbar, peer]);
  expect(verdicts.map(({ isKept }) => isKept)).toEqual([false, false, false]);
  expect(verdicts.map(({ found }) => found)).toEqual([2, 0.8, 2]);
  expect(renderVerdicts(verdicts).match(/BROKEN/g)).toHaveLength(3);
});

test("memory is the most that ever was, and no comparison", () => {
  const of = (promised: number): Pledge => ({ id: "P0", measure: "memory", side: "ours", promised, goal: 0.5 });
  const verdicts = judge([of(1), of(0.9)], [busbar, peer]);
  expect(verdicts.map(({ found, isKept }) => [found, isKept])).toEqual([
    [1, true],
    [1, false],
  ]);
  expect(renderVerdicts(verdicts)).toContain("ours: peak memory   1.00 MiB   promised ≤ 1.00");
});

test("promise and goal are both printed", () => {
  const text = renderVerdicts(judge([pledge({ promised: 1.5, goal: 4 })], [busbar, peer]));
  expect(text).toBe("  P0   ours: ops/s of theirs   2.00 ×   promised ≥ 1.50   goal ≥ 4.00   kept");
});

test("the table has the fastest first and compares with busbar", () => {
  expect(rowsOf([peer, busbar]).map(({ side, busbarIs }) => [side.name, busbarIs])).toEqual([
    ["ours", 1],
    ["theirs", 2],
  ]);
  expect(renderRows(rowsOf([peer, busbar])).split("\n")).toEqual([
    "           ops/s   busbar is   CPU µs/op   peak MiB",
    "  ours       200      1.00 ×        8.00          1",
    "  theirs     100      2.00 ×        10.0          1",
  ]);
});
