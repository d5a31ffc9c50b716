/** What is expected of a connector beyond one call: that it outlives what befalls it, and can always be disconnected. */
import assert from "node:assert/strict";
import type { BehaviourCase } from "./behaviour.ts";
import {
  DEADLINE_MS,
  latestEnd,
  PATIENT_MS,
  SLACK_MS,
  underFault,
  type FaultContext,
  type Subject,
} from "./fault-trial.ts";
import { becomesTrue, pauseFor } from "./services/wait.ts";

type FaultCase = BehaviourCase<FaultContext>;

/** More at a time than a small pool has connections. */
const CROWD = 20;
const SERVER_MS = 5_000;
const DRAIN_MS = 100;

const crowd = (read: () => Promise<unknown>): Promise<unknown> => Promise.all(Array.from({ length: CROWD }, read));

/** Breaks connections that nobody is using. */
function idleCase(what: string, strike: (ctx: FaultContext) => Promise<void>): FaultCase {
  return {
    name: `trap 11: idle connections that ${what} end neither the process nor the connector`,
    async run(ctx) {
      await underFault(ctx, {}, async (trial) => {
        const { subject } = trial;
        await crowd(() => subject.read({}));
        const uncaught = await uncaughtDuring(() => strike(trial));
        assert.deepEqual(uncaught, []);
        await subject.read({});
      });
    },
  };
}

/** A pool full of half-open connections, and calls that are over: who comes next must not wait for them. */
function halfOpenCase(what: string, begin: (subject: Subject) => Promise<unknown>[]): FaultCase {
  return {
    name: `trap 3: calls that ${what} on half-open connections leave them, and the next ones are answered`,
    async run(ctx) {
      await underFault(ctx, {}, async ({ subject, proxy }) => {
        await crowd(() => subject.read({}));
        proxy.strand();
        await Promise.allSettled(begin(subject));
        await crowd(() => subject.read({}));
      });
    },
  };
}

/** What would have ended the process. */
async function uncaughtDuring(work: () => Promise<void>): Promise<unknown[]> {
  const uncaught: unknown[] = [];
  process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error));
  try {
    await work();
    // Sockets tell of their errors in a later turn.
    await pauseFor(20);
  } finally {
    process.setUncaughtExceptionCaptureCallback(null);
  }
  return uncaught;
}

export const faultLastingCases: readonly FaultCase[] = [
  idleCase("are reset", async ({ proxy }) => {
    proxy.cut();
    await becomesTrue(() => proxy.open === 0, { timeoutMs: SERVER_MS });
  }),
  idleCase("are ended by the server", async ({ proxy }) => {
    proxy.halfClose();
    await becomesTrue(() => proxy.open === 0, { timeoutMs: SERVER_MS });
  }),
  {
    name: "trap 12: a crowd of connections is made anew when their server has been killed and restarted",
    async run(ctx) {
      await underFault(ctx, {}, async ({ subject, service, effects, failsWithin }) => {
        await crowd(() => subject.read({}));
        await service.crash();
        // Some may hear of it only now; none may be waited for.
        const limit = { what: "read", latestMs: latestEnd(PATIENT_MS) };
        const { kind } = await failsWithin(subject.read({ timeout: PATIENT_MS }), limit);
        assert.ok(kind === "unavailable" || kind === "connection_lost", kind);
        await service.start();
        await crowd(() => subject.read({}));
        const before = await effects();
        await subject.write({});
        assert.equal((await effects()) - before, 1);
      });
    },
  },
  halfOpenCase("were aborted", (subject) => {
    const abort = new AbortController();
    const calls = Array.from({ length: CROWD }, () => subject.read({ signal: abort.signal, timeout: PATIENT_MS }));
    // Under way: whoever has sent nothing learns nothing of the connection.
    void pauseFor(20).then(() => abort.abort());
    return calls;
  }),
  halfOpenCase("ran out of time", (subject) =>
    Array.from({ length: CROWD }, () => subject.read({ timeout: DEADLINE_MS })),
  ),
  {
    name: "a server that says nothing from the start: connecting and reading end by their limits",
    async run(ctx) {
      const name = "says nothing from the start";
      await underFault(ctx, { name, settings: { connectionTimeout: DEADLINE_MS } }, async (trial) => {
        const { subject, proxy, failsWithin } = trial;
        proxy.blackhole = "both";
        const ended = subject.connect().then(() => subject.read({ timeout: DEADLINE_MS }));
        const error = await failsWithin(ended, { what: "connect and read", latestMs: 2 * latestEnd(DEADLINE_MS) });
        assert.equal(error.kind, "timeout", error.message);
      });
    },
  },
  {
    name: "disconnecting in the middle of connecting leaves no connection",
    async run(ctx) {
      await underFault(ctx, {}, async ({ subject, proxy }) => {
        proxy.blackhole = "both";
        const calls = Array.from({ length: CROWD }, () => subject.read({ timeout: PATIENT_MS }));
        for (const call of calls) call.catch(() => {});
        await becomesTrue(() => proxy.open > 0, { timeoutMs: SERVER_MS });
        await subject.disconnect({ timeout: 0 });
        await Promise.allSettled(calls);
        await becomesTrue(() => proxy.open === 0, { timeoutMs: SERVER_MS });
        assert.equal(proxy.open, 0, "connections are left");
      });
    },
  },
  {
    name: "disconnecting from a server that keeps silent ends its calls, and leaves no connection to it",
    async run(ctx) {
      const silence = { name: "keeps silent", strike: () => void (ctx.proxy.blackhole = "down") };
      await underFault(ctx, silence, async ({ subject, proxy, failsWithin }) => {
        const call = subject.read({ timeout: PATIENT_MS });
        call.catch(() => {});
        await pauseFor(20);
        const closing = subject.disconnect({ timeout: DRAIN_MS });
        const error = await failsWithin(call, { what: "call while disconnecting", latestMs: DRAIN_MS + SLACK_MS });
        assert.equal(error.kind, "cancelled", error.message);
        await closing;
        await becomesTrue(() => proxy.open === 0, { timeoutMs: SERVER_MS });
        assert.equal(proxy.open, 0, "connections are left");
      });
    },
  },
];
