/**
 * Failures on purpose, for staging and tests: an ordinary policy, next to the connector, so that every other policy meets
 * them as it would meet the system's own. An injected failure counts as a try, and leaves as much doubt about its effect
 * as the real one would; nothing reaches the system. The same seed gives the same failures to the same sequence of tries.
 */
import { z } from "zod";
import { duration } from "../config/fields.ts";
import type { Call } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { ConnectorError, KINDS, type Kind } from "../core/errors.ts";
import { pause } from "../core/pause.ts";
import type { Policy } from "../core/policy.ts";
import type { OpenedStream } from "../core/stream.ts";

const kinds = Object.keys(KINDS) as [Kind, ...Kind[]];

const rule = z
  .strictObject({
    operation: z.string().optional().meta({ description: "Only tries of this operation." }),
    rate: z.number().min(0).max(1).default(1).meta({ description: "Share of the tries that the rule applies to." }),
    delay: duration("Waits before anything else.").optional(),
    fail: z
      .strictObject({
        kind: z.enum(kinds).meta({ description: "Kind of the failure." }),
        times: z.int().min(1).optional().meta({ description: "So often, then never again. Default: always." }),
      })
      .optional()
      .meta({ description: "Fails instead of asking the system." }),
    cutAfterItems: z.int().min(0).optional().meta({ description: "Breaks a stream after so many items." }),
  })
  .refine(({ delay, fail, cutAfterItems }) => (delay ?? fail ?? cutAfterItems) !== undefined, {
    error: "does nothing; give it a delay, a failure or cutAfterItems",
  });

export const faultsSetting = z
  .strictObject({
    seed: z.int().default(1).meta({ description: "The same seed gives the same failures." }),
    rules: z.array(rule).min(1).meta({ description: "Looked at in order; all that apply, apply." }),
  })
  .meta({
    description: "Failures on purpose, for staging and tests.",
    examples: [{ rules: [{ rate: 0.1, fail: { kind: "unavailable" } }] }],
  });

export type FaultsSettings = z.output<typeof faultsSetting>;

export function faults(settings: FaultsSettings | undefined, clock: Clock): Policy | undefined {
  if (settings === undefined) return undefined;
  const random = seeded(settings.seed);
  const timesLeft = settings.rules.map(({ fail }) => fail?.times ?? Infinity);
  return (next) => async (call) => {
    let itemsLeft = Infinity;
    for (const [index, { operation, rate, delay, fail, cutAfterItems = Infinity }] of settings.rules.entries()) {
      if ((operation !== undefined && operation !== call.name) || random() >= rate) continue;
      if (delay !== undefined) {
        call.record.stage = "running";
        await pause(call, delay, clock);
      }
      if (fail !== undefined && timesLeft[index]! > 0) {
        timesLeft[index]!--;
        throw injected(fail.kind, call);
      }
      itemsLeft = Math.min(itemsLeft, cutAfterItems);
    }
    const answer = await next(call);
    // The answer to a streaming operation is an opened stream.
    return call.operation.stream ? cut(answer as OpenedStream<unknown>, itemsLeft) : answer;
  };
}

function injected(kind: Kind, call: Call): ConnectorError {
  const error = new ConnectorError(kind, `Injected: ${KINDS[kind].sentence}`, { by: "faults" });
  call.record.attempts++;
  call.record.stage = "running";
  call.noteFailure(error);
  return error;
}

/** The same stream, broken after so many items. */
async function cut<T>(stream: OpenedStream<T>, mostItems: number): Promise<OpenedStream<T>> {
  if (mostItems === Infinity) return stream;
  let left = mostItems;
  const pass = async (read: () => Promise<readonly T[] | undefined>): Promise<readonly T[] | undefined> => {
    if (left === 0) {
      await stream.close();
      throw new ConnectorError("connection_lost", "Injected: the stream broke", { by: "faults" });
    }
    const batch = (await read())?.slice(0, left);
    left -= batch?.length ?? 0;
    return batch;
  };
  const first = await pass(async () => stream.first);
  return { first, next: () => pass(() => stream.next()), close: () => stream.close() };
}

/** mulberry32 (T. Ettinger, 2017): 32 bits of state are plenty for choosing failures. */
function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
