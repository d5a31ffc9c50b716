import { describe, expect, test } from "vitest";
import { BriefStatements } from "./brief-statements.ts";

describe("a statement", () => {
  const run = (known: BriefStatements, { at, tookMs = 1, times = 1, command = "SELECT", sql = "q" }: Ran): boolean => {
    for (let n = 0; n < times; n++) known.learn(sql, { tookMs, command, now: at });
    return known.isBrief(sql);
  };
  interface Ran {
    readonly at: number;
    readonly tookMs?: number;
    readonly times?: number;
    readonly command?: string;
    readonly sql?: string;
  }

  test("is brief after five brief runs one after the other, as a SELECT", () => {
    const known = new BriefStatements();
    expect(run(known, { at: 0, times: 4 })).toBe(false);
    expect(run(known, { at: 0, tookMs: 11 })).toBe(false);
    expect(run(known, { at: 0, times: 4 })).toBe(false);
    expect(run(known, { at: 0 })).toBe(true);
    expect(run(known, { at: 0, times: 9, command: "INSERT", sql: "w" })).toBe(false);
    expect(run(known, { at: 0, times: 9, sql: "x".repeat(9_000) })).toBe(false);
  });

  test("that is slow in a lane is on probation, each time for twice as long, up to a minute", () => {
    const known = new BriefStatements();
    let at = 0;
    for (const probationMs of [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000, 60_000]) {
      known.distrust("q", at);
      expect(run(known, { at: at + probationMs - 1, times: 9 })).toBe(false);
      at += probationMs;
      expect(run(known, { at, times: 5 })).toBe(true);
    }
  });

  test("pays once for several times at once, and a minute without is a new beginning", () => {
    const known = new BriefStatements();
    for (let n = 0; n < 20; n++) known.distrust("q", 0);
    expect(run(known, { at: 100, times: 5 })).toBe(true);
    known.distrust("q", 70_000);
    expect(run(known, { at: 70_100, times: 5 })).toBe(true);
  });

  test("that nobody ran for long is forgotten for newer ones", () => {
    const known = new BriefStatements();
    run(known, { at: 0, times: 5 });
    for (let n = 0; n < 512; n++) run(known, { at: 0, sql: `n ${n}` });
    expect(known.isBrief("q")).toBe(false);
  });
});
