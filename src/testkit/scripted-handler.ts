/**
 * A system that answers by script: the first call gets the first step, the second the second, and a call that the script
 * does not foresee is a failure of the test.
 *
 * ```ts
 * using system = scriptedHandler([fail("unavailable"), answer(42)]);
 * expect(await retry(settings, { clock, random })!(system.next)(makeCall())).toBe(42);
 * expect(system.seen.map(({ attempt }) => attempt)).toEqual([1, 2]);
 * ```
 *
 * `next` ends a chain of policies and keeps the books of a try as a connector does (number, stage, outcome); `handler` is
 * the same script as a session's handler. Leaving the block of `using`, or `verify()`, checks that the script was played
 * to its end and nothing more was asked. After the tests of tower (tower-rs/tower, `tower-test`).
 */
import { attempt } from "../core/attempt.ts";
import type { Call } from "../core/call.ts";
import type { Classification } from "../core/classify.ts";
import type { Clock } from "../core/clock.ts";
import { ConnectorError, type ErrorDetails, type Kind } from "../core/errors.ts";
import type { Next } from "../core/policy.ts";

/** What the system does with one call: returns an answer, a promise or an iterable, or throws. */
export type Step = (call: Call) => unknown;

/** One call that reached the system. */
export interface SeenCall {
  readonly call: Call;
  readonly input: unknown;
  readonly attempt: number;
  readonly readOnly: boolean;
}

/** What a scripted system is beside its steps. */
export interface ScriptSettings {
  /** The session has a read-only handler for the operation; the same script plays it. Default: no. */
  readonly provable?: boolean;
  /** The connector's table of errors. Default: knows none. */
  readonly classify?: (error: unknown) => Classification | undefined;
}

/** A system that plays a script. */
export interface ScriptedHandler extends Disposable {
  /** The end of a chain of policies. */
  readonly next: Next;
  /** The script as a handler of a session. */
  readonly handler: (input: unknown, call: Call) => unknown;
  /** The calls that reached the system, in order. */
  readonly seen: readonly SeenCall[];
  /** Throws where the script was not played to its end, or more was asked than it says. */
  verify(): void;
}

/** Plays `steps`, one a call. */
export function scriptedHandler(steps: readonly Step[], settings: ScriptSettings = {}): ScriptedHandler {
  const { provable = false, classify = () => undefined } = settings;
  const seen: SeenCall[] = [];

  const handler = (input: unknown, call: Call): unknown => {
    seen.push({ call, input, attempt: call.attempt, readOnly: call.readOnly });
    const step = steps[seen.length - 1];
    if (step === undefined) throw new Error(`Unexpected call ${seen.length}: the script has ${steps.length} steps`);
    return step(call);
  };
  const handlers = new Proxy({}, { get: () => handler });
  const session = {
    handlers,
    ...(provable ? { readOnlyHandlers: handlers } : {}),
    ping: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const verify = (): void => {
    if (seen.length === steps.length) return;
    throw new Error(`The script has ${steps.length} steps, and ${seen.length} calls reached the system`);
  };
  const connect = async () => session;
  const next = attempt({ classify, onUnclassified: () => {}, session: () => session, connect });
  return { next, handler, seen, verify, [Symbol.dispose]: verify };
}

/** Answers with `value`; for a stream, an iterable. */
export function answer(value?: unknown): Step {
  return () => value;
}

/** Fails as a connector fails. */
export function fail(kind: Kind, message: string = kind, details: ErrorDetails = {}): Step {
  return () => {
    throw new ConnectorError(kind, message, details);
  };
}

/** Throws anything at all, as a driver would. */
export function raise(thrown: unknown): Step {
  return () => {
    throw thrown;
  };
}

/** Does nothing until the call is cancelled, then throws the reason; `deaf`: not even then. */
export function hang({ deaf = false }: { readonly deaf?: boolean } = {}): Step {
  return (call) =>
    new Promise((_resolve, reject) => {
      if (!deaf) call.onCancel(reject);
    });
}

/** Plays `step` after `ms` on `clock`; sooner only where the call is cancelled and the system is not `deaf`. */
export function delay(clock: Clock, ms: number, step: Step, { deaf = false }: { readonly deaf?: boolean } = {}): Step {
  return async (call) => {
    await new Promise<void>((resolve, reject) => {
      const timer = clock.after(ms, resolve);
      if (deaf) return;
      call.onCancel((reason) => {
        timer.cancel();
        reject(reason);
      });
    });
    return step(call);
  };
}
