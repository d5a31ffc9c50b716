/** What is expected of answers of many items when the network fails in their middle. */
import assert from "node:assert/strict";
import { ConnectorError } from "../core/errors.ts";
import type { CallOptions } from "../core/call.ts";
import type { ItemStream } from "../core/stream.ts";
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
import { becomesTrue } from "./services/wait.ts";

const GONE_WITHIN_MS = 5_000;

/** A stream of which the first item has been read. */
async function begun({ subject }: Trial, options: CallOptions): Promise<ItemStream<unknown>> {
  const has = Object.entries(subject.operations).find(([, operation]) => operation.stream);
  if (subject.stream === undefined) {
    if (has !== undefined) throw new Error(`The connector has streams (${has[0]}); tell the suite of one`);
    throw new ConnectorError("unsupported", "The connector has no operation that answers with a stream");
  }
  const items = subject.stream(options);
  assert.notEqual((await items.next()).done, true, "the stream is empty");
  return items;
}

/** Reads to the end, which must not be a good one. */
async function rest(items: ItemStream<unknown>): Promise<void> {
  for await (const batch of items.batches()) void batch;
}

function streamCase(name: string, during: (trial: Trial) => Promise<void>): BehaviourCase<FaultContext> {
  const run = async (ctx: FaultContext): Promise<void> =>
    void (await underFault(ctx, { name: "breaks a stream" }, during));
  return { name, needs: "stream", run };
}

export const faultStreamCases: readonly BehaviourCase<FaultContext>[] = [
  streamCase("a stream that is cut in its middle fails, and does not end as if that were all", async (trial) => {
    const items = await begun(trial, { timeout: PATIENT_MS });
    trial.proxy.cut();
    const error = await trial.failsWithin(rest(items), { what: "cut", latestMs: PATIENT_MS });
    assert.equal(error.kind, "connection_lost", error.message);
  }),
  streamCase("a stream that stalls in its middle fails by the limit of one read", async (trial) => {
    const items = await begun(trial, { timeout: DEADLINE_MS });
    trial.proxy.blackhole = "down";
    const error = await trial.failsWithin(rest(items), { what: "stall", latestMs: latestEnd(DEADLINE_MS) });
    assert.equal(error.kind, "timeout", error.message);
  }),
  streamCase("a stream that stalls in its middle ends at once when it is aborted", async (trial) => {
    const abort = new AbortController();
    const items = await begun(trial, { timeout: PATIENT_MS, signal: abort.signal });
    trial.proxy.blackhole = "down";
    const reading = rest(items);
    reading.catch(() => {});
    abort.abort();
    const error = await trial.failsWithin(reading, { what: "abort", latestMs: SLACK_MS });
    assert.equal(error.kind, "cancelled", error.message);
  }),
  streamCase("a stream that is broken off in its middle gives its connection back", async (trial) => {
    const { subject, proxy } = trial;
    for (let time = 0; time < 10; time++) await (await begun(trial, { timeout: PATIENT_MS })).return();
    await subject.read({});
    assert.ok(await becomesTrue(() => proxy.open <= 2, { timeoutMs: GONE_WITHIN_MS }), `${proxy.open} connections`);
  }),
];
