/** What is expected under each fault of each connector: of reads, of writes, of aborts. */
import assert from "node:assert/strict";
import type { ConnectorError } from "../core/errors.ts";
import type { BehaviourCase } from "./behaviour.ts";
import {
  DEADLINE_MS,
  latestEnd,
  PATIENT_MS,
  SLACK_MS,
  underFault,
  type FaultContext,
  type Trial,
} from "./fault-trial.ts";
import type { NetworkFault } from "./network-faults.ts";
import { becomesTrue, pauseFor } from "./services/wait.ts";

type FaultCase = BehaviourCase<FaultContext>;

/** Where the answer of a write is lost, the server may still be at it. */
const SERVER_MS = 5_000;

/** The cases of one fault. */
export const casesOf = (fault: NetworkFault): FaultCase[] => [
  {
    name: `${sentenceOf(fault)}: a read fails in time and tells why`,
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
    name: `${sentenceOf(fault)}: a write fails in time, is not repeated, and its outcome is what it says`,
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

const sentenceOf = ({ name, trap }: NetworkFault): string =>
  `${trap === undefined ? "" : `trap ${trap}: `}a server that ${name}`;

async function failedInTime(
  { kinds, worsen, isSilent }: NetworkFault,
  trial: Trial,
  what: "read" | "write",
): Promise<{ readonly error: ConnectorError; readonly tookMs: number }> {
  const startedAt = performance.now();
  // Only silence is to be ended by the limit; all else has to be told of as what it is, however slow the machine.
  const timeout = isSilent ? DEADLINE_MS : PATIENT_MS;
  const call = trial.failsWithin(trial.subject[what]({ timeout }), { what, latestMs: latestEnd(timeout) });
  const [error] = await Promise.all([call, worsen?.(trial)]);
  assert.ok(kinds.includes(error.kind), `${error.kind}: ${error.message}`);
  return { error, tookMs: performance.now() - startedAt };
}

function abortCase(fault: NetworkFault): FaultCase {
  return {
    name: `${sentenceOf(fault)}: an abort ends calls at once`,
    async run(ctx) {
      await underFault(ctx, fault, async ({ subject, before, failsWithin }) => {
        const abort = new AbortController();
        const options = { signal: abort.signal, timeout: PATIENT_MS };
        // The write comes first: it takes the connection that stands.
        const calls = [subject.write(options), subject.read(options)];
        // A call that ends before its abort is told of below.
        for (const call of calls) call.catch(() => {});
        await pauseFor(20);
        if (fault.effects[0] === 1)
          assert.ok(await becomesTrue(async () => (await ctx.effects()) > before, { timeoutMs: SERVER_MS }));
        const atOnce = { what: "abort", latestMs: SLACK_MS };
        abort.abort();
        const [write, read] = await Promise.all(calls.map((call) => failsWithin(call, atOnce)));
        assert.equal(read!.kind, "cancelled", read!.message);
        assert.equal(write!.kind, "cancelled", write!.message);
        assert.ok(fault.outcomes.includes(write!.outcome!), `outcome ${write!.outcome}: ${write!.message}`);
      });
    },
  };
}

function recoveryCase(fault: NetworkFault): FaultCase {
  return {
    name: `${sentenceOf(fault)}: a read is repeated and answered`,
    async run(ctx) {
      await underFault(ctx, fault, async ({ subject }) => void (await subject.read({})));
    },
  };
}
