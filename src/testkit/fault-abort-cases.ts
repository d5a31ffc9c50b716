/**
 * What is left of calls that were aborted: nothing.
 *
 * A thousand at a time are aborted, some before they were sent, some while they waited, some while they ran, and that
 * several times over on one connector. What a call leaves behind is then there thousands of times, and shows in the heap
 * after a collection, in the sockets and timers of the process, and in the signals that are still reachable.
 */
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { BehaviourCase } from "./behaviour.ts";
import { PATIENT_MS, underFault, type FaultContext, type Trial } from "./fault-trial.ts";
import { becomesTrue, pauseFor } from "./services/wait.ts";

const MANY = 1_000;
/** In the first ones, caches fill and code is compiled. */
const WARM_UP = 2;
const ROUNDS = 5;
/** A leak stays however long one looks; what others do in the heap evens out. */
const MOST_ROUNDS = 15;
/** Less than one small object a call. */
const MOST_BYTES_A_CALL = 60;
const COLLECTED_MS = 5_000;
const SPARE_HANDLES = 5;
/** For hundreds at once: their own work takes its time, which is no delay. One abort alone has its own limit elsewhere. */
const CROWD_MS = 1_000;

/** On connections that stand. */
const silence = { strike: ({ proxy }: FaultContext): void => void (proxy.blackhole = "down") };

export const faultAbortCases: readonly BehaviourCase<FaultContext>[] = [
  {
    name: `${MANY} aborted calls, queued and sent, end at once and leave nothing, however often`,
    async run(ctx) {
      await underFault(ctx, { name: `${MANY} aborted calls` }, async (trial) => {
        await Promise.all(Array.from({ length: MANY }, () => trial.subject.read({})));
        const usual = handles();
        const heap: number[] = [];
        const perCall = (): number => growth(heap) / MANY;
        for (let round = 0; round < WARM_UP + MOST_ROUNDS; round++) {
          await abortRound(trial, usual);
          if (round >= WARM_UP) heap.push(heapUsed());
          if (heap.length >= ROUNDS && perCall() <= MOST_BYTES_A_CALL) return;
        }
        assert.fail(`each aborted call leaves ${perCall().toFixed(0)} bytes: ${heap.join(", ")} after ${MANY} each`);
      });
    },
  },
  {
    name: "hundreds of calls under one signal leave no listener on it",
    async run(ctx) {
      await underFault(ctx, {}, async ({ subject }) => {
        const { signal } = new AbortController();
        for (let done = 0; done < 200; done += 20)
          await Promise.all(Array.from({ length: 20 }, () => subject.read({ signal })));
        assert.equal(getEventListeners(signal, "abort").length, 0);
      });
    },
  },
];

/** Aborts many, and sees to it that nothing is left of them. */
async function abortRound(trial: Trial, usual: ReadonlyMap<string, number>): Promise<void> {
  silence.strike(trial);
  const signals = await abortMany(trial);
  await trial.proxy.heal();
  await trial.subject.read({});
  await becomesTrue(() => living(signals) <= MANY / 20, { timeoutMs: COLLECTED_MS });
  const kept = living(signals);
  assert.ok(kept <= MANY / 20, `${kept} of ${MANY} aborted calls are kept in memory`);
  let more: string[] = [];
  const isClean = (): boolean => (more = moreThan(usual)).length === 0;
  await becomesTrue(isClean, { timeoutMs: COLLECTED_MS });
  assert.deepEqual(more, [], `left by ${MANY} aborted calls`);
}

/** Aborts in three waves: in the same turn, in the next, and when the calls are under way. */
async function abortMany({ subject, failsWithin }: Trial): Promise<WeakRef<AbortSignal>[]> {
  const calls = Array.from({ length: MANY }, () => {
    const abort = new AbortController();
    const ended = subject.read({ signal: abort.signal, timeout: PATIENT_MS });
    ended.catch(() => {});
    return { abort, ended };
  });
  const signals = calls.map(({ abort }) => new WeakRef(abort.signal));
  for (let wave = 0; wave < 3; wave++) {
    if (wave > 0) await pauseFor(wave === 1 ? 0 : 20);
    const now = calls.filter((_, n) => n % 3 === wave);
    for (const { abort } of now) abort.abort();
    const ends = now.map(({ ended }) => failsWithin(ended, { what: "each abort", latestMs: CROWD_MS }));
    for (const { kind } of await Promise.all(ends)) assert.equal(kind, "cancelled");
  }
  return signals;
}

function living(refs: readonly WeakRef<AbortSignal>[]): number {
  collect();
  return refs.filter((ref) => ref.deref() !== undefined).length;
}

/** Twice: what the first collection finalizes, the second frees. */
function heapUsed(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

function collect(): void {
  setFlagsFromString("--expose-gc");
  // The flag adds `gc` to contexts that are made from now on.
  (runInNewContext("gc") as () => void)();
}

/** How many handles of each sort keep the process alive. */
function handles(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const sort of process.getActiveResourcesInfo()) counts.set(sort, (counts.get(sort) ?? 0) + 1);
  return counts;
}

/** Timers come and go with everybody, the test runner included. */
const moreThan = (usual: ReadonlyMap<string, number>): string[] =>
  [...handles()].flatMap(([sort, count]) => {
    const most = (usual.get(sort) ?? 0) + SPARE_HANDLES;
    return count > most ? [`${count} ${sort}, at most ${most}`] : [];
  });

/** Bytes a round: the median of all slopes between two rounds (Theil and Sen), which one odd round does not move. */
function growth(heap: readonly number[]): number {
  const slopes = heap.flatMap((late, n) => heap.slice(0, n).map((early, m) => (late - early) / (n - m)));
  return slopes.sort((a, b) => a - b)[Math.floor(slopes.length / 2)]!;
}
