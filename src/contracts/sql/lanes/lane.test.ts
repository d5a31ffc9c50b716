import { beforeEach, describe, expect, test } from "vitest";
import { fakeClock } from "../../../testkit/index.ts";
import type { ConnectorError } from "../../../core/errors.ts";
import { Lane } from "./lane.ts";
import type { Occupant } from "./occupant.ts";

/** A statement that writes its name, and notes what becomes of it. */
class Named implements Occupant<string[]> {
  readonly call = undefined;
  readonly sql: string;
  headSince = 0;
  isTooLarge = false;
  mayBeStruck = false;
  refusal: unknown;
  fate: string | undefined;
  error: unknown;

  constructor(sql: string) {
    this.sql = sql;
  }

  write(out: string[]): boolean {
    if (this.sql === "") throw new Error("cannot be sent");
    if (this.sql === "large") return false;
    out.push(this.sql);
    return true;
  }

  settle(): void {
    this.fate = "settled";
  }

  fail(error: unknown): void {
    this.fate = "failed";
    this.error = error;
  }

  startAgain(): void {
    this.fate = "again";
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a lane", () => {
  const log: string[] = [];
  let cancelled = (): void => {};
  let clock = fakeClock();
  /** What the event loop comes to between its timers and its immediates. */
  let read = (): void => {};
  let lane: Lane<Named, string[]>;

  beforeEach(() => {
    log.length = 0;
    clock = fakeClock();
    read = () => {};
    const timeout = (ms: number, run: () => void) =>
      clock.timeout(ms, () => {
        run();
        read();
      });
    lane = new Lane({
      clock: { ...clock, timeout },
      collect: () => [],
      write: (names) => void log.push(`sent ${names.join()}`),
      cancel: () => {
        log.push("cancel");
        return new Promise((resolve) => (cancelled = resolve));
      },
      destroy: () => void log.push("destroyed"),
      onSlow: ({ sql }) => void log.push(`slow ${sql}`),
      onRefused: ({ sql }) => void log.push(`refused ${sql}`),
      onIdle: () => void log.push("idle"),
    });
  });

  async function sent(...names: readonly string[]): Promise<Named[]> {
    const all = names.map((name) => new Named(name));
    for (const each of all) lane.add(each);
    await turn();
    return all;
  }

  test("sends what is asked in one turn of the event loop in one go, and answers in order", async () => {
    const [a, b] = await sent("a", "b");
    expect(log).toEqual(["sent a,b"]);
    expect(lane.first).toBe(a);
    lane.next({ isIdle: true });
    expect([a!.fate, b!.fate]).toEqual(["settled", undefined]);
    lane.next({ isIdle: true });
    expect(log).toEqual(["sent a,b", "idle"]);
    expect(() => lane.first).toThrow("nobody asked");
  });

  test("leaves out what cannot be sent, and fails nobody else for it", async () => {
    const [bad, large, good] = await sent("", "large", "a");
    expect([bad!.fate, large!.fate, good!.fate]).toEqual(["failed", "again", undefined]);
    expect(log).toEqual(["sent a"]);
  });

  test("runs what the server refused again, by itself", async () => {
    const [a] = await sent("a");
    a!.refusal = new Error("not here");
    lane.next({ isIdle: true });
    expect(a!.fate).toBe("again");
    expect(log).toEqual(["sent a", "refused a", "idle"]);
  });

  test("cancels one that is slow, and runs again whatever that may have struck", async () => {
    const [slow, next, last] = await sent("slow", "next", "last");
    await clock.advance(60);
    expect(log).toEqual(["sent slow,next,last", "slow slow", "cancel"]);
    expect(lane.hasRoom).toBe(false);
    slow!.mayBeStruck = true;
    next!.mayBeStruck = true;
    for (let n = 0; n < 3; n++) lane.next({ isIdle: true });
    expect([slow!.fate, next!.fate, last!.fate]).toEqual(["again", "again", "settled"]);
    expect(log).not.toContain("idle");
    cancelled();
    await turn();
    expect(log.at(-1)).toBe("idle");
  });

  test("takes an answer for no slow one that came while the event loop was held up", async () => {
    const [a] = await sent("a");
    read = () => lane.next({ isIdle: true });
    await clock.advance(60);
    expect(a!.fate).toBe("settled");
    expect(log).toEqual(["sent a", "idle"]);
  });

  test("ends, and everyone in it hears of it, with its connection or a transaction that was left open", async () => {
    const [a, b] = await sent("a", "b");
    const unsent = new Named("c");
    lane.add(unsent);
    lane.next({ isIdle: false });
    expect([a!.fate, b!.fate, unsent.fate]).toEqual(["settled", "failed", "failed"]);
    expect((unsent.error as ConnectorError).outcome).toBe("none");
    expect(log).toEqual(["sent a,b", "destroyed", "idle"]);
    await turn();
    expect(lane.hasRoom).toBe(false);
  });
});
