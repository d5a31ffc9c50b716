import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { Lifecycle } from "./lifecycle.ts";

const DRAIN_MS = 1_000;

/** A session whose opening and closing the test decides. */
class Opening {
  isClosed = false;
  closes = 0;
  succeed!: () => void;
  fail!: (error: Error) => void;
  finishClose: () => void = () => {};
  closesAtOnce = true;
  readonly signal: AbortSignal;
  readonly session = {
    close: (): Promise<void> => {
      this.closes++;
      if (this.closesAtOnce) {
        this.isClosed = true;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        this.finishClose = () => {
          this.isClosed = true;
          resolve();
        };
      });
    },
  };
  readonly promise: Promise<typeof this.session>;

  constructor(signal: AbortSignal) {
    this.signal = signal;
    this.promise = new Promise((resolve, reject) => {
      this.succeed = () => resolve(this.session);
      this.fail = reject;
    });
  }
}

let clock: FakeClock;
let openings: Opening[];
let states: string[];
let lifecycle: Lifecycle<{ close(): Promise<void> }>;

const newLifecycle = (open?: (signal: AbortSignal) => Promise<{ close(): Promise<void> }>) =>
  new Lifecycle({
    clock,
    connectLimitMs: () => 5_000,
    onNotClosed: (error) => void states.push(`not closed: ${String(error)}`),
    open:
      open ??
      ((signal) => {
        const opening = new Opening(signal);
        openings.push(opening);
        return opening.promise;
      }),
    onState: (state, reason) => states.push(reason === undefined ? state : `${state}: ${reason}`),
  });
beforeEach(() => {
  clock = fakeClock();
  openings = [];
  states = [];
  lifecycle = newLifecycle();
});
const connected = async (): Promise<Opening> => {
  const connecting = lifecycle.connect();
  await clock.settle();
  const opening = openings.at(-1)!;
  opening.succeed();
  await connecting;
  return opening;
};
/** What a promise came to, without waiting for it. */
const watch = (promise: Promise<unknown>): { state: "pending" | "done" | "failed"; error?: unknown } => {
  const watched: { state: "pending" | "done" | "failed"; error?: unknown } = { state: "pending" };
  promise.then(
    () => (watched.state = "done"),
    (error: unknown) => Object.assign(watched, { state: "failed", error }),
  );
  return watched;
};

describe("connect", () => {
  test("is single-flight: a hundred callers at the same time share one attempt and get one session", async () => {
    const all = Promise.all(Array.from({ length: 100 }, () => lifecycle.connect()));
    await clock.settle();
    expect(openings).toHaveLength(1);
    openings[0]!.succeed();
    expect(new Set(await all)).toEqual(new Set([openings[0]!.session]));
    expect(await lifecycle.connect()).toBe(openings[0]!.session);
    expect([openings.length, states, clock.pending]).toEqual([1, ["connecting", "connected"], 0]);
  });

  test("that fails tells all who wait and leaves nothing: the next one starts afresh", async () => {
    const both = [watch(lifecycle.connect()), watch(lifecycle.connect())];
    await clock.settle();
    openings[0]!.fail(new Error("refused"));
    await clock.settle();
    expect(both.map(({ error }) => (error as Error).message)).toEqual(["refused", "refused"]);
    expect([lifecycle.session, clock.pending]).toEqual([undefined, 0]);
    const opening = await connected();
    expect(opening).toBe(openings[1]);
    expect(states).toEqual(["connecting", "disconnected: refused", "connecting", "connected"]);
  });

  test("survives an `open` that throws before its first wait", async () => {
    let tries = 0;
    lifecycle = newLifecycle(() => {
      if (tries++ === 0) throw new Error("at once");
      return Promise.resolve({ close: () => Promise.resolve() });
    });
    await expect(lifecycle.connect()).rejects.toThrow("at once");
    await lifecycle.connect();
    expect(lifecycle.session).toBeDefined();
  });

  test("gives up after its limit, tells `open`, and closes a session that comes too late", async () => {
    const connecting = watch(lifecycle.connect());
    await clock.advance(4_999);
    expect(connecting.state).toBe("pending");
    await clock.advance(1);
    expect(connecting.error).toMatchObject({ kind: "timeout", message: "no answer within 5000 ms", outcome: "none" });
    expect(openings[0]!.signal.reason).toBe(connecting.error);
    openings[0]!.succeed();
    await clock.settle();
    expect([openings[0]!.closes, lifecycle.session, clock.pending]).toEqual([1, undefined, 0]);
  });

  test("has no limit where that is 0", async () => {
    lifecycle = new Lifecycle({
      clock,
      connectLimitMs: () => 0,
      open: () => new Promise(() => {}),
      onState: () => {},
      onNotClosed: () => {},
    });
    const connecting = watch(lifecycle.connect());
    await clock.advance(1e9);
    expect([connecting.state, clock.pending]).toEqual(["pending", 0]);
  });

  test.each([
    ["fails", () => Promise.reject(new Error("close failed"))],
    [
      "throws",
      () => {
        throw new Error("close threw");
      },
    ],
  ])("does not crash the process where a late session's close %s", async (_, close) => {
    let succeed!: (session: { close(): Promise<void> }) => void;
    lifecycle = newLifecycle(() => new Promise((resolve) => (succeed = resolve)));
    const connecting = watch(lifecycle.connect());
    await clock.advance(5_000);
    succeed({ close });
    await clock.settle();
    expect(connecting.state).toBe("failed");
  });
});

describe("disconnect", () => {
  test("before anything, and twice, is fine", async () => {
    await lifecycle.disconnect(DRAIN_MS);
    const opening = await connected();
    await Promise.all([lifecycle.disconnect(DRAIN_MS), lifecycle.disconnect(DRAIN_MS)]);
    await lifecycle.disconnect(DRAIN_MS);
    expect([opening.closes, lifecycle.session, clock.pending]).toEqual([1, undefined, 0]);
    expect(states).toEqual(["connecting", "connected", "draining", "disconnected"]);
  });

  test("while connecting ends the attempt; a session that comes all the same is closed", async () => {
    const connecting = watch(lifecycle.connect());
    await clock.settle();
    await lifecycle.disconnect(DRAIN_MS);
    expect(connecting.error).toMatchObject({ kind: "cancelled", message: "Disconnected while connecting" });
    expect(openings[0]!.signal.aborted).toBe(true);
    openings[0]!.succeed();
    await clock.settle();
    expect([openings[0]!.closes, lifecycle.session, clock.pending]).toEqual([1, undefined, 0]);
    expect(states).toEqual(["connecting", "disconnected: Disconnected while connecting"]);
  });

  test("in the instant in which the session comes closes it", async () => {
    const connecting = watch(lifecycle.connect());
    await clock.settle();
    openings[0]!.succeed();
    await lifecycle.disconnect(DRAIN_MS);
    await clock.settle();
    expect(connecting.state).not.toBe("pending");
    expect([openings[0]!.closes, lifecycle.session]).toEqual([1, undefined]);
  });

  test("in any instant while the session comes closes it and leaves none behind", async () => {
    for (let instants = 0; instants < 20; instants++) {
      openings = [];
      lifecycle = newLifecycle();
      const connecting = watch(lifecycle.connect());
      await clock.settle();
      openings[0]!.succeed();
      for (let i = 0; i < instants; i++) await Promise.resolve();
      await lifecycle.disconnect(DRAIN_MS);
      expect([instants, lifecycle.session, openings[0]!.closes]).toEqual([instants, undefined, 1]);
      await clock.settle();
      expect([lifecycle.session, openings[0]!.closes, connecting.state === "pending"]).toEqual([undefined, 1, false]);
    }
  });

  test("twice while calls run is over for both when the session is closed", async () => {
    const opening = await connected();
    const leave = lifecycle.enter(makeCall());
    const both = [watch(lifecycle.disconnect(DRAIN_MS)), watch(lifecycle.disconnect(DRAIN_MS))];
    const next = watch(lifecycle.connect());
    await clock.advance(500);
    expect([...both.map(({ state }) => state), next.state, openings.length]).toEqual([
      "pending",
      "pending",
      "pending",
      1,
    ]);
    leave();
    await clock.settle();
    expect([...both.map(({ state }) => state), opening.closes, openings.length]).toEqual(["done", "done", 1, 2]);
    expect(states.filter((state) => state === "draining")).toHaveLength(1);
  });

  test("waits for running calls, which keep the session meanwhile, and no longer than they need", async () => {
    const opening = await connected();
    const calls = [makeCall(), makeCall()];
    const leave = calls.map((call) => lifecycle.enter(call));
    const closing = watch(lifecycle.disconnect(DRAIN_MS));
    await clock.advance(500);
    expect([lifecycle.session, lifecycle.sessionFor(makeCall()), lifecycle.isClosing]).toEqual([
      undefined,
      opening.session,
      true,
    ]);
    leave[0]!();
    await clock.settle();
    expect(opening.closes).toBe(0);
    leave[1]!();
    await clock.settle();
    expect([closing.state, opening.closes, clock.pending]).toEqual(["done", 1, 0]);
    expect([lifecycle.sessionFor(makeCall()), lifecycle.isClosing]).toEqual([undefined, false]);
    expect(calls.map((call) => call.cancelled)).toEqual([undefined, undefined]);
  });

  test("cancels what runs longer than its limit, says what is known of the effect, and closes", async () => {
    const opening = await connected();
    const call = makeCall({ effect: "unsafe" });
    call.record.stage = "running";
    const leave = lifecycle.enter(call);
    const closing = watch(lifecycle.disconnect(DRAIN_MS));
    await clock.advance(DRAIN_MS);
    expect(call.cancelled).toMatchObject({
      kind: "cancelled",
      message: "Disconnected while running, after 1000 ms of waiting",
      outcome: "unknown",
    });
    expect([closing.state, opening.closes, clock.pending]).toEqual(["done", 1, 0]);
    leave();
  });

  test("closes though a running call's listener throws when it is cancelled", async () => {
    const opening = await connected();
    const own = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    const uncaught = new Promise((resolve) => process.once("uncaughtException", resolve));
    const calls = [makeCall(), makeCall()];
    for (const call of calls) lifecycle.enter(call);
    calls[0]!.onCancel(() => {
      throw new Error("broken listener");
    });
    const closing = watch(lifecycle.disconnect(0));
    await clock.advance(0);
    await uncaught;
    for (const listener of own) process.on("uncaughtException", listener);
    await clock.settle();
    expect([closing.state, opening.closes, calls[1]!.cancelled?.kind]).toEqual(["done", 1, "cancelled"]);
  });

  test("without a session still waits for calls that are on their way, and ends them", async () => {
    const call = makeCall();
    lifecycle.enter(call);
    const closing = watch(lifecycle.disconnect(DRAIN_MS));
    await clock.advance(DRAIN_MS - 1);
    expect([closing.state, call.cancelled]).toEqual(["pending", undefined]);
    await clock.advance(1);
    expect([closing.state, call.cancelled?.kind]).toEqual(["done", "cancelled"]);
  });

  test("tells that closing failed, and the connector can be connected again", async () => {
    lifecycle = newLifecycle(() => Promise.resolve({ close: () => Promise.reject(new Error("stuck")) }));
    await lifecycle.connect();
    const waiting = watch(lifecycle.disconnect(DRAIN_MS));
    const next = lifecycle.connect();
    await next;
    expect((waiting.error as Error).message).toBe("stuck");
    expect(lifecycle.session).toBeDefined();
  });

  test("does not wait for ever for a session that does not close", async () => {
    const opening = await connected();
    opening.closesAtOnce = false;
    const closing = watch(lifecycle.disconnect(DRAIN_MS));
    await clock.advance(9_999);
    expect(closing.state).toBe("pending");
    await clock.advance(1);
    expect(closing.error).toMatchObject({ kind: "timeout" });
    expect([lifecycle.isClosing, clock.pending, states.at(-1)]).toEqual([false, 0, "disconnected"]);
  });
});

describe("connect while disconnecting", () => {
  test("waits and gets a new session", async () => {
    const first = await connected();
    first.closesAtOnce = false;
    const closing = watch(lifecycle.disconnect(DRAIN_MS));
    const connecting = watch(lifecycle.connect());
    await clock.settle();
    expect([openings.length, connecting.state]).toEqual([1, "pending"]);
    first.finishClose();
    await clock.settle();
    expect([openings.length, closing.state]).toEqual([2, "done"]);
    openings[1]!.succeed();
    await clock.settle();
    expect([connecting.state, lifecycle.session]).toEqual(["done", openings[1]!.session]);
  });
});

describe("in every interleaving", () => {
  type Step = "connect" | "disconnect" | "opened" | "refused" | "closed" | "enter" | "leave" | "wait";
  const steps = fc.array(
    fc.constantFrom<Step>("connect", "disconnect", "opened", "refused", "closed", "enter", "leave", "wait"),
    { maxLength: 40 },
  );
  const LEGAL: Readonly<Record<string, readonly string[]>> = {
    disconnected: ["connecting", "draining"],
    connecting: ["connected", "disconnected"],
    connected: ["draining"],
    draining: ["disconnected"],
  };

  test("there is one session at most, all are closed in the end, states follow each other, nobody waits for ever", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        clock = fakeClock();
        openings = [];
        states = [];
        lifecycle = newLifecycle((signal) => {
          const opening = new Opening(signal);
          opening.closesAtOnce = openings.length % 2 === 0;
          openings.push(opening);
          return opening.promise;
        });
        const promises: ReturnType<typeof watch>[] = [];
        const running: (() => void)[] = [];
        const given = new Set<unknown>();
        for (const step of [...list, "disconnect" as const]) {
          const last = openings.at(-1);
          if (step === "connect") promises.push(watch(lifecycle.connect().then((session) => given.add(session))));
          else if (step === "disconnect") promises.push(watch(lifecycle.disconnect(DRAIN_MS)));
          else if (step === "opened") last?.succeed();
          else if (step === "refused") last?.fail(new Error("refused"));
          else if (step === "closed") last?.finishClose();
          else if (step === "wait") await clock.advance(500);
          else if (step === "enter" && lifecycle.session !== undefined) running.push(lifecycle.enter(makeCall()));
          else if (step === "leave") running.shift()?.();
          if (list.length % 3 !== 0) await clock.settle();
          const live = openings.filter(({ session }) => session === lifecycle.session);
          expect(live.length).toBeLessThanOrEqual(1);
          expect(live.every(({ closes }) => closes === 0)).toBe(true);
        }
        await clock.advance(100_000);
        for (const leave of running.splice(0)) leave();
        // Whoever asked after the last disconnect still waits for the network: the connect limit ends that.
        await lifecycle.disconnect(0).catch(() => {});
        for (const opening of openings) opening.succeed();
        await clock.advance(100_000);
        expect(promises.filter(({ state }) => state === "pending")).toEqual([]);
        for (const opening of openings) if (given.has(opening.session)) expect(opening.closes).toBe(1);
        for (const opening of openings) expect(opening.closes).toBeLessThanOrEqual(1);
        expect([clock.pending, lifecycle.session, lifecycle.isClosing]).toEqual([0, undefined, false]);
        const plain = ["disconnected", ...states.map((state) => state.split(":")[0]!)];
        for (const [i, state] of plain.slice(1).entries()) expect(LEGAL[plain[i]!]).toContain(state);
      }),
      { numRuns: 300 },
    );
  });
});

test("a reason is told only where there is one", async () => {
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  lifecycle = newLifecycle(() => Promise.reject("text"));
  await lifecycle.connect().catch(() => {});
  expect(states).toEqual(["connecting", "disconnected"]);
});
