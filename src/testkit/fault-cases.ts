/** What is expected under every fault of every connector: of reads, of writes, of aborts, and of hundreds at once. */
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ConnectorError } from "../core/errors.ts";
import type { BehaviourCase } from "./behaviour.ts";
import { DEADLINE_MS, failureWithin, SLACK_MS, underFault, type FaultContext, type Trial } from "./fault-trial.ts";
import { networkFaults, type NetworkFault } from "./network-faults.ts";
import { becomesTrue, pauseFor } from "./services/wait.ts";

type FaultCase = BehaviourCase<FaultContext>;

/** Far beyond what an abort may take. */
const FAR_MS = 8_000;
const MANY = 200;
/** Where the answer of a write is lost, the server may still be at it. */
const SERVER_MS = 5_000;
const COLLECTED_MS = 2_000;

const perFault = (fault: NetworkFault): FaultCase[] => [
  {
    name: `a server that ${fault.name}: a read fails in time and tells why`,
    async run(ctx) {
      const settings = { retryAttempts: 1, ...fault.settings };
      await underFault(ctx, { ...fault, settings }, async (trial) => {
        const { error, tookMs } = await failedInTime(fault, trial, "read");
        assert.ok(!fault.isSilent || fault.settings || tookMs > DEADLINE_MS - 20, `gave up after ${tookMs} ms`);
        // Of raw text only the system knows that it reads.
        const { outcome } = error;
        assert.ok(outcome === undefined || fault.outcomes.includes(outcome), `outcome ${outcome}: ${error.message}`);
      });
    },
  },
  {
    name: `a server that ${fault.name}: a write fails in time, is not repeated, and its outcome is what it says`,
    async run(ctx) {
      let told: ConnectorError["outcome"];
      const verdict = await underFault(ctx, fault, async (trial) => {
        const { error } = await failedInTime(fault, trial, "write");
        told = error.outcome;
        assert.ok(told !== undefined && fault.outcomes.includes(told), `outcome ${told}: ${error.message}`);
      });
      // Disconnected, nothing is on its way any more; but the server may still be at it.
      const possible = told === "none" ? [0] : fault.effects;
      await becomesTrue(async () => (await verdict.effects()) >= possible[0]!, { timeoutMs: SERVER_MS });
      const effects = await verdict.effects();
      assert.ok(possible.includes(effects), `outcome ${told}, but ${effects} effects`);
    },
  },
  ...(fault.isSilent ? [abortCase(fault)] : []),
  ...(fault.isOnce === true ? [recoveryCase(fault)] : []),
];

async function failedInTime(
  { kinds, worsen }: NetworkFault,
  trial: Trial,
  what: "read" | "write",
): Promise<{ readonly error: ConnectorError; readonly tookMs: number }> {
  const startedAt = performance.now();
  const limitMs = DEADLINE_MS + Math.max(DEADLINE_MS / 10, SLACK_MS);
  const call = failureWithin(trial.subject[what]({ timeout: DEADLINE_MS }), limitMs);
  const [error] = await Promise.all([call, worsen?.(trial)]);
  assert.ok(kinds.includes(error.kind), `${error.kind}: ${error.message}`);
  return { error, tookMs: performance.now() - startedAt };
}

function abortCase(fault: NetworkFault): FaultCase {
  return {
    name: `a server that ${fault.name}: an abort ends calls at once`,
    async run(ctx) {
      await underFault(ctx, fault, async ({ subject, before }) => {
        const abort = new AbortController();
        const options = { signal: abort.signal, timeout: FAR_MS };
        // The write comes first: it takes the connection that stands.
        const calls = [subject.write(options), subject.read(options)];
        // A call that ends before its abort is told of below.
        for (const call of calls) call.catch(() => {});
        await pauseFor(20);
        if (fault.effects[0] === 1)
          assert.ok(await becomesTrue(async () => (await ctx.effects()) > before, { timeoutMs: SERVER_MS }));
        abort.abort();
        const [write, read] = await Promise.all(calls.map((call) => failureWithin(call, SLACK_MS)));
        assert.equal(read!.kind, "cancelled", read!.message);
        assert.equal(write!.kind, "cancelled", write!.message);
        assert.ok(fault.outcomes.includes(write!.outcome!), `outcome ${write!.outcome}: ${write!.message}`);
      });
    },
  };
}

function recoveryCase(fault: NetworkFault): FaultCase {
  return {
    name: `a server that ${fault.name}: a read is repeated and answered`,
    async run(ctx) {
      await underFault(ctx, fault, async ({ subject }) => void (await subject.read({})));
    },
  };
}

/** Of connections that stand. */
const silence = { strike: ({ proxy }: FaultContext) => void (proxy.blackhole = "down") };

const ofAll: FaultCase[] = [
  {
    name: "a server that says nothing from the start: connecting and reading end by their limits",
    async run(ctx) {
      await underFault(ctx, { settings: { connectionTimeout: DEADLINE_MS } }, async ({ subject, proxy }) => {
        proxy.blackhole = "both";
        const ended = subject.connect().then(() => subject.read({ timeout: DEADLINE_MS }));
        const error = await failureWithin(ended, 2 * DEADLINE_MS + SLACK_MS);
        assert.equal(error.kind, "timeout", error.message);
      });
    },
  },
  {
    name: `${MANY} aborted calls, queued and sent, end at once and leave nothing`,
    async run(ctx) {
      const signals: WeakRef<AbortSignal>[] = [];
      await underFault(ctx, silence, async ({ subject, proxy }) => {
        await abortMany(subject.read, signals);
        await proxy.heal();
        await subject.read({});
        await becomesTrue(() => living(signals) <= MANY / 20, { timeoutMs: COLLECTED_MS });
        assert.ok(living(signals) <= MANY / 20, `${living(signals)} of ${MANY} aborted calls are kept in memory`);
      });
    },
  },
  {
    name: `${MANY} calls under one signal leave no listener on it`,
    async run(ctx) {
      await underFault(ctx, {}, async ({ subject }) => {
        const { signal } = new AbortController();
        for (let done = 0; done < MANY; done += 20)
          await Promise.all(Array.from({ length: 20 }, () => subject.read({ signal })));
        assert.equal(getEventListeners(signal, "abort").length, 0);
      });
    },
  },
  {
    name: "disconnecting from a server that keeps silent ends its calls, and leaves no connection to it",
    async run(ctx) {
      await underFault(ctx, silence, async ({ subject, proxy }) => {
        const call = subject.read({ timeout: FAR_MS });
        call.catch(() => {});
        await pauseFor(20);
        const closing = subject.disconnect({ timeout: 100 });
        const error = await failureWithin(call, 100 + SLACK_MS);
        assert.equal(error.kind, "cancelled", error.message);
        await closing;
        await becomesTrue(() => proxy.open === 0, { timeoutMs: SERVER_MS });
        assert.equal(proxy.open, 0, "connections are left");
      });
    },
  },
];

/** Aborts in three waves: in the same turn, in the next, and when the calls are under way. */
async function abortMany(
  read: (options: { readonly signal: AbortSignal; readonly timeout: number }) => Promise<unknown>,
  signals: WeakRef<AbortSignal>[],
): Promise<void> {
  const calls = Array.from({ length: MANY }, () => {
    const abort = new AbortController();
    const { signal } = abort;
    signals.push(new WeakRef(signal));
    const ended = read({ signal, timeout: FAR_MS });
    ended.catch(() => {});
    return { abort, ended };
  });
  for (let wave = 0; wave < 3; wave++) {
    if (wave > 0) await pauseFor(wave === 1 ? 0 : 20);
    const now = calls.filter((_, n) => n % 3 === wave);
    for (const { abort } of now) abort.abort();
    for (const { kind } of await Promise.all(now.map(({ ended }) => failureWithin(ended, SLACK_MS))))
      assert.equal(kind, "cancelled");
  }
}

function living(refs: readonly WeakRef<AbortSignal>[]): number {
  setFlagsFromString("--expose-gc");
  // The flag adds `gc` to contexts that are made from now on.
  (runInNewContext("gc") as () => void)();
  return refs.filter((ref) => ref.deref() !== undefined).length;
}

export const faultCases: readonly FaultCase[] = [...networkFaults.flatMap(perFault), ...ofAll];
