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

  test("is brief after three brief runs as a SELECT", () => {
    const known = new BriefStatements();
    expect(run(known, { at: 0, times: 2 })).toBe(false);
    expect(run(known, { at: 0 })).toBe(true);
    expect(run(known, { at: 0, times: 9, command: "INSERT", sql: "w" })).toBe(false);
    expect(run(known, { at: 0, times: 9, sql: "x".repeat(9_000) })).toBe(false);
  });

  test("that is slow is on probation, each time for twice as long, up to a minute", () => {
    const known = new BriefStatements();
    let at = 0;
    for (const probationMs of [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000, 60_000]) {
      expect(run(known, { at, tookMs: 11 })).toBe(false);
      expect(run(known, { at: at + probationMs - 1, times: 9 })).toBe(false);
      at += probationMs;
      expect(run(known, { at, times: 3 })).toBe(true);
    }
  });

  test("pays once for several slow answers at a time, and a minute without is a new beginning", () => {
    const known = new BriefStatements();
    run(known, { at: 0, tookMs: 50, times: 20 });
    expect(run(known, { at: 100, times: 3 })).toBe(true);
    run(known, { at: 70_000, tookMs: 50 });
    expect(run(known, { at: 70_100, times: 3 })).toBe(true);
  });

  test("that nobody ran for long is forgotten for newer ones", () => {
    const known = new BriefStatements();
    run(known, { at: 0, times: 3 });
    for (let n = 0; n < 512; n++) run(known, { at: 0, sql: `n ${n}` });
    expect(known.isBrief("q")).toBe(false);
  });
});
