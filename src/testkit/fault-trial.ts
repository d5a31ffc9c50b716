/**
 * One connector under one fault, from its making to its end.
 *
 * Whatever a case tries in between, three things are asked of every connector afterwards: its next calls work without its
 * being made anew, what it said of its write's effect was true, and once it is disconnected nothing of it is left.
 *
 * Limits are timers set at the same moment as the connector's own. So a machine that is busy is late for both, and only a
 * connector that does not end its call by itself is found to be late.
 */
import assert from "node:assert/strict";
import type { CallOptions } from "../core/call.ts";
import { systemClock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import type { Operations } from "../core/operation.ts";
import type { ItemStream } from "../core/stream.ts";
import type { FaultProxy } from "./fault-proxy.ts";
import { watchResources, type ResourceWatch } from "./left-resources.ts";
import type { Service } from "./services/service.ts";
import { becomesTrue } from "./services/wait.ts";

/** Settings that every connector has. */
export interface SubjectSettings {
  readonly host: string;
  readonly port: number;
  readonly timeout: number;
  readonly connectionTimeout: number;
  readonly retryAttempts: number;
  readonly retry: { readonly delay: number };
}

/** A connector as the cases see it. */
export interface Subject {
  connect(this: void): Promise<void>;
  disconnect(this: void, options?: { readonly timeout?: number }): Promise<void>;
  readonly operations: Operations;
  read(this: void, options: CallOptions): Promise<unknown>;
  write(this: void, options: CallOptions): Promise<unknown>;
  readonly stream: ((options: CallOptions) => ItemStream<unknown>) | undefined;
}

/** What all cases share. */
export interface FaultContext {
  readonly service: Service;
  /** Before the service, without faults. */
  readonly proxy: FaultProxy;
  effects(this: void): Promise<number>;
  make(this: void, settings: SubjectSettings): Subject;
}

/** Limit of calls that are to run into it. */
export const DEADLINE_MS = 300;
/** By how much a call may outlast its limit, or an abort. */
export const SLACK_MS = 250;
/** For calls that have to work, on however busy a machine. */
const PLENTY_MS = 10_000;
/** Shorter than the time after which clients let go of idle connections by themselves. */
const GONE_WITHIN_MS = 2_000;

/** Where a connector is pointed at, and how what stands there is put right and taken away. */
export interface Place {
  readonly host: string;
  readonly port: number;
  /** Makes a server answer there; absent where nothing can. */
  readonly mend?: () => Promise<void>;
  readonly close?: () => Promise<void>;
}

/** What a connector is put under. */
export interface Condition {
  /** Default: the proxy. */
  place?(this: void, ctx: FaultContext): Promise<Place>;
  readonly settings?: Partial<SubjectSettings>;
  /** Begins the fault, on connections that work. Absent where the place is the fault: there never was a connection. */
  strike?(this: void, ctx: FaultContext): Promise<void> | void;
}

/** One connector under one condition. */
export interface Trial extends FaultContext {
  readonly subject: Subject;
  /** Effects there were before. */
  readonly before: number;
}

/** How a trial came out, beside what it asserts. */
export interface Verdict {
  /** How many effects the calls of `during` have had so far; the server may still be at one. */
  effects(this: void): Promise<number>;
}

/** Makes a connector, strikes, lets `during` try things, mends, and asks what is asked of every connector. */
export async function underFault(
  ctx: FaultContext,
  { place: placeOf, settings = {}, strike }: Condition,
  during: (trial: Trial) => Promise<void>,
): Promise<Verdict> {
  const { service, proxy } = ctx;
  const place: Place = (await placeOf?.(ctx)) ?? { host: proxy.host, port: proxy.port, mend: async () => {} };
  const subject = ctx.make({
    host: place.host,
    port: place.port,
    timeout: PLENTY_MS,
    connectionTimeout: PLENTY_MS,
    retryAttempts: 3,
    retry: { delay: 20 },
    ...settings,
  });
  const mend = async (): Promise<void> => {
    await service.resume();
    await service.start();
    await proxy.heal();
    await place.mend?.();
  };
  const watch = watchResources();
  try {
    const before = await ctx.effects();
    if (strike !== undefined) await subject.read({});
    await strike?.(ctx);
    await during({ ...ctx, subject, before });
    await mend();
    const own = place.mend === undefined ? 0 : await worksAgain(ctx, subject);
    await subject.disconnect();
    await leavesNothing(proxy, watch);
    return { effects: async () => (await ctx.effects()) - before - own };
  } finally {
    watch.stop();
    await mend();
    await subject.disconnect({ timeout: 0 });
    await place.close?.();
  }
}

/** The next calls are answered; returns how many effects they had. */
async function worksAgain({ effects }: FaultContext, subject: Subject): Promise<number> {
  await subject.read({});
  const before = await effects();
  await subject.write({});
  assert.ok((await effects()) > before, "a write after the fault had no effect");
  return 1;
}

/** The error that `call` ends with; `limitMs` from now is the latest. */
export async function failureWithin(call: Promise<unknown>, limitMs: number): Promise<ConnectorError> {
  let timer: { cancel(): void } | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = systemClock.after(limitMs, () => reject(new Error(`The call still ran after ${limitMs} ms`)));
  });
  const ended = call.then(
    () => assert.fail("The call was answered although nobody can have answered it"),
    (error: unknown) => error,
  );
  const error = await Promise.race([ended, late]).finally(() => timer?.cancel());
  assert.ok(error instanceof ConnectorError, `not a ConnectorError: ${String(error)}`);
  return error;
}

/** The proxy tells of sockets that do not keep the process alive, too. */
async function leavesNothing(proxy: FaultProxy, watch: ResourceWatch): Promise<void> {
  let left: readonly string[] = [];
  const isClean = async (): Promise<boolean> => {
    left = [...(await watch.left()), ...(proxy.open === 0 ? [] : [`${proxy.open} connections`])];
    return left.length === 0;
  };
  await becomesTrue(isClean, { timeoutMs: GONE_WITHIN_MS });
  assert.deepEqual(left, [], "disconnected, the connector holds on to something");
}
