/**
 * A system that is gone for a while, and callers who do not stop calling.
 *
 * Once it is back, the callers must be served again soon, by the same connector, without anybody doing anything about it;
 * and neither the outage nor the calls that failed in it may leave anything behind: the pool has its size, and after
 * `disconnect` nothing is open.
 */
import { setTimeout as pause } from "node:timers/promises";
import { untilOver } from "../callers.ts";
import { expectAtMost, type Outcome, type Part, type Scenario } from "../scenario.ts";
import { POOL_SIZE, SYSTEMS, type System } from "../systems-that-leave.ts";

/** Durations in milliseconds. */
export interface Absence {
  readonly callers: number;
  readonly goneFor: number;
}

const FULL: Absence = { callers: 32, goneFor: 10_000 };
const QUICK: Absence = { callers: 32, goneFor: 2_000 };

const WELL_FOR_MS = 1_000;
const BACK_WITHIN_MS = 2_000;
/** After a failed call, as a caller that serves somebody else would go on to the next. */
const SORRY_MS = 50;

export const scenario: Scenario = {
  title: "a system is gone for ten seconds while 32 callers go on",
  limitMs: 3 * 60_000,
  partsAtATime: 3,
  parts: (effort) =>
    Object.keys(SYSTEMS).map((name) => partOf(name as keyof typeof SYSTEMS, effort === "full" ? FULL : QUICK)),
};

/** One system that is gone for that long. */
export function partOf(name: keyof typeof SYSTEMS, absence: Absence): Part {
  return {
    name,
    async run() {
      const system = await SYSTEMS[name]();
      try {
        return await underAbsence(system, absence);
      } finally {
        await system.disconnect();
        await system.close();
      }
    },
  };
}

interface Ended {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly isSuccess: boolean;
}

async function underAbsence(system: System, { callers, goneFor }: Absence): Promise<Outcome> {
  const calls: Ended[] = [];
  let isOver = false;
  const load = untilOver(
    callers,
    () => isOver,
    async () => {
      const startedAt = performance.now();
      const isSuccess = await system.call().then(
        () => true,
        () => false,
      );
      calls.push({ startedAt, endedAt: performance.now(), isSuccess });
      // A breath after each call leaves the machine to the others.
      await pause(isSuccess ? 1 : SORRY_MS);
    },
  );
  await pause(WELL_FOR_MS);
  const before = await system.connections();
  await system.leave();
  const goneAt = performance.now();
  await pause(goneFor);
  await system.comeBack();
  const backAt = performance.now();
  await pause(2 * BACK_WITHIN_MS);
  const after = await system.connections();
  isOver = true;
  await load;
  await system.disconnect();
  const left = await system.connections();

  const successes = calls.filter(({ startedAt, isSuccess }) => isSuccess && startedAt > goneAt);
  const failures = calls.filter(({ isSuccess }) => !isSuccess);
  // The first may well be served while the server is still being waited for.
  const firstSuccess = Math.max(0, Math.min(...successes.map(({ endedAt }) => endedAt)) - backAt);
  const lastFailure = Math.max(0, ...failures.map(({ endedAt }) => endedAt - backAt));
  const tooEarly = failures.filter(({ endedAt }) => endedAt < goneAt - 100).length;
  return {
    facts: {
      calls: calls.length,
      failed: failures.length,
      "first success after (ms)": Math.round(firstSuccess),
      "last failure after (ms)": Math.round(lastFailure),
      "connections before": before,
      "connections after": after,
      "connections when disconnected": left,
    },
    expectations: [
      { what: "no call fails before", isMet: tooEarly === 0, found: `${tooEarly}` },
      { what: "calls fail meanwhile", isMet: failures.length > 0 },
      expectAtMost("first success when it is back", firstSuccess, BACK_WITHIN_MS, " ms"),
      expectAtMost("last failure when it is back", lastFailure, BACK_WITHIN_MS, " ms"),
      { what: `the pool has its size, ${POOL_SIZE}`, isMet: after === POOL_SIZE, found: `${after}` },
      { what: "nothing is open when disconnected", isMet: left === 0, found: `${left}` },
    ],
  };
}
