/**
 * One connector under one fault, from its making to its end.
 *
 * Whatever a case tries in between, three things are asked of every connector afterwards: its next calls work without its
 * being made anew, what it said of its write's effect was true, and once it is disconnected nothing of it is left.
 *
 * Time is measured, and what the machine took from the process meanwhile (loop-lag.ts) is allowed on top. So a busy
 * machine fails nobody, and a connector that is late by itself is found out on any machine.
 */
import assert from "node:assert/strict";
import type { CallOptions } from "../core/call.ts";
import { systemClock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import type { Operations } from "../core/operation.ts";
import type { ItemStream } from "../core/stream.ts";
import type { Figure } from "./fault-figures.ts";
import type { FaultProxy } from "./fault-proxy.ts";
import { watchResources, type ResourceWatch } from "./left-resources.ts";
import { LoopLag } from "./loop-lag.ts";
import type { ServiceSpec } from "./services/service-spec.ts";
import type { Service } from "./services/service.ts";
import { becomesTrue, pauseFor } from "./services/wait.ts";

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
  warmUp(this: void): Promise<unknown>;
  readonly stream: ((options: CallOptions) => ItemStream<unknown>) | undefined;
}

/** The same system behind TLS, and servers that get it wrong. */
export interface SecureSide {
  /** Servers that show an expired certificate, one of another host, one of an unknown authority, or speak no TLS. */
  readonly wrong: Readonly<Record<"expired" | "elsewhere" | "stranger" | "plain", ServiceSpec>>;
}

/** What all cases share. */
export interface FaultContext {
  readonly service: Service;
  /** Before the service, without faults. */
  readonly proxy: FaultProxy;
  effects(this: void): Promise<number>;
  make(this: void, settings: SubjectSettings): Subject;
  /** Present where the service speaks TLS only. */
  readonly secure?: SecureSide | undefined;
  /** Takes what was measured. */
  readonly note?: ((this: void, figure: Figure) => void) | undefined;
}

/** Limit of calls that are to run into it. */
export const DEADLINE_MS = 300;
/** Limit of calls that are to fail by themselves, however busy the machine. */
export const PATIENT_MS = 8_000;
/** By how much a call may outlast an abort, or a short limit. */
export const SLACK_MS = 50;
/** The latest end of a call with that limit. */
export const latestEnd = (limitMs: number): number => limitMs + Math.max(limitMs / 10, SLACK_MS);
/** For calls that have to work, on however busy a machine. */
const PLENTY_MS = 10_000;
const WARM_UP_CALLS = 3;
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
  /** For the figures. */
  readonly name?: string;
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
  /** The error that `call` ends with, at most so many milliseconds from now. */
  failsWithin(this: void, call: Promise<unknown>, limit: Limit): Promise<ConnectorError>;
}

interface Limit {
  /** For the figures: what is being measured. */
  readonly what: string;
  readonly latestMs: number;
}

/** How a trial came out, beside what it asserts. */
export interface Verdict {
  /** How many effects the calls of `during` have had so far; the server may still be at one. */
  effects(this: void): Promise<number>;
}

/** One trial at a time: a case that its runner gave up is over before the next one breaks the same server. */
const turns = new WeakMap<Service, Promise<void>>();
const TURN_MS = 30_000;

/** Makes a connector, strikes, lets `during` try things, mends, and asks what is asked of every connector. */
export async function underFault(
  ctx: FaultContext,
  condition: Condition,
  during: (trial: Trial) => Promise<void>,
): Promise<Verdict> {
  const before = turns.get(ctx.service);
  const trial = Promise.resolve(before && Promise.race([before, pauseFor(TURN_MS)])).then(() =>
    inTurn(ctx, condition, during),
  );
  turns.set(
    ctx.service,
    trial.then(
      () => {},
      () => {},
    ),
  );
  return trial;
}

async function inTurn(
  ctx: FaultContext,
  { name = "no fault", place: placeOf, settings = {}, strike }: Condition,
  during: (trial: Trial) => Promise<void>,
): Promise<Verdict> {
  const { service, proxy } = ctx;
  // A case that came to no good end may have left them broken.
  await service.resume();
  await service.start();
  await proxy.heal();
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
  const lag = new LoopLag();
  const failsWithin: Trial["failsWithin"] = async (call, limit) => {
    const { error, ...figure } = await failureWithin(call, limit.latestMs, lag);
    ctx.note?.({ under: name, what: limit.what, limitMs: limit.latestMs, ...figure });
    return error;
  };
  const watch = watchResources();
  try {
    const before = await ctx.effects();
    // Some clients part with their first connection, or open one more for their second call.
    for (let call = 0; strike !== undefined && call < WARM_UP_CALLS; call++) await subject.warmUp();
    await strike?.(ctx);
    await during({ ...ctx, subject, before, failsWithin });
    await mend();
    const own = place.mend === undefined ? 0 : await worksAgain(ctx, subject);
    await subject.disconnect();
    await leavesNothing(proxy, watch);
    return { effects: async () => (await ctx.effects()) - before - own };
  } finally {
    watch.stop();
    lag.stop();
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

interface Failure extends Pick<Figure, "tookMs" | "lostMs"> {
  readonly error: ConnectorError;
}

async function failureWithin(call: Promise<unknown>, limitMs: number, lag: LoopLag): Promise<Failure> {
  const startedAt = systemClock.now();
  const lostBefore = lag.lostMs;
  const lost = (): number => lag.lostMs - lostBefore;
  const over = (): number => systemClock.now() - startedAt - limitMs - lost();
  let timer: { cancel(): void } | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const look = (): void => {
      const overMs = over();
      if (overMs > 0) reject(new Error(`The call still ran after ${limitMs} ms`));
      // What was lost comes on top; so does what is there to be read, behind this timer.
      else timer = systemClock.after(1 - overMs, look);
    };
    timer = systemClock.after(limitMs, look);
  });
  const ended = call.then(
    () => assert.fail("The call was answered although nobody can have answered it"),
    (error: unknown) => ({ error, tookMs: systemClock.now() - startedAt, lostMs: lost() }),
  );
  const { error, ...figure } = await Promise.race([ended, late]).finally(() => timer?.cancel());
  assert.ok(error instanceof ConnectorError, `not a ConnectorError: ${String(error)}`);
  assert.ok(figure.tookMs <= limitMs + figure.lostMs, `The call took ${figure.tookMs} ms, allowed are ${limitMs}`);
  return { error, ...figure };
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
