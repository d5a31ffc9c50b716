import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { ConnectorError } from "./errors.ts";
import { Pool } from "./pool.ts";
import type { PoolSettings } from "./pool-settings.ts";

interface Fake {
  readonly id: number;
  readonly lose: () => void;
  /** Answers when it is asked. */
  isWell: boolean;
  /** Is known to be of no use. */
  isDead: boolean;
  closed: "no" | "well" | "broken";
}

/** A system that makes connections one decision at a time. */
class System {
  readonly clock: FakeClock = fakeClock();
  readonly made: Fake[] = [];
  /** Attempts under way, oldest first. */
  readonly attempts: { readonly signal: AbortSignal; succeed(): Fake; fail(message?: string): void }[] = [];
  /** Lets attempts succeed at once. */
  isOpen = true;
  checks = 0;
  readonly pool: Pool<Fake>;

  constructor(settings: Partial<PoolSettings<Fake>> = {}) {
    this.pool = new Pool<Fake>({
      clock: this.clock,
      max: 2,
      idleTimeoutMs: 0,
      connectionTimeoutMs: 0,
      trustMs: 1_000,
      open: (signal, onLost) => this.#open(signal, onLost),
      isBroken: (each) => each.isDead,
      check: async (each) => (this.checks++, each.isWell),
      close: async (each, isBroken) => void (each.closed = isBroken ? "broken" : "well"),
      ...settings,
    });
  }

  get open(): Fake[] {
    return this.made.filter(({ closed }) => closed === "no");
  }

  #open(signal: AbortSignal, lose: () => void): Promise<Fake> {
    return new Promise((resolve, reject) => {
      const attempt = {
        signal,
        succeed: () => {
          const fake: Fake = { id: this.made.length + 1, lose, isWell: true, isDead: false, closed: "no" };
          this.made.push(fake);
          resolve(fake);
          return fake;
        },
        fail: (message = "refused") => reject(new Error(message)),
      };
      if (this.isOpen) attempt.succeed();
      else this.attempts.push(attempt);
    });
  }
}

const abortable = () => {
  const abort = new AbortController();
  return { abort, call: makeCall({ effect: "unsafe", signal: abort.signal }) };
};

/** What became of a promise, without waiting for it. */
const fate = async (promise: Promise<unknown>): Promise<string> => {
  const pending = Symbol();
  const turn = new Promise((resolve) => setImmediate(resolve, pending));
  return Promise.race([promise, turn]).then(
    (value) => (value === pending ? "waits" : "served"),
    (error: Error) => error.message,
  );
};

/** Uniform in [0, 1), the same for the same seed (mulberry32). */
const uniform = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

describe("a pool", () => {
  test("makes connections as they are needed, up to its size, and hands them out again", async () => {
    const { pool, made } = new System();
    const first = await pool.checkout();
    pool.release(first);
    expect(await pool.checkout()).toBe(first);
    await pool.checkout();
    expect(made).toHaveLength(2);
    expect(pool).toMatchObject({ size: 2, idle: 0, waiting: 0 });
    expect(await fate(pool.checkout())).toBe("waits");
    expect(pool).toMatchObject({ size: 2, waiting: 1, hasRoom: false });
  });

  test("serves callers in order of arrival", async () => {
    const { pool } = new System({ max: 1 });
    const order: number[] = [];
    const callers = [1, 2, 3].map(async (n) => {
      const connection = await pool.checkout();
      order.push(n);
      pool.release(connection);
    });
    await Promise.all(callers);
    expect(order).toEqual([1, 2, 3]);
  });

  test("tells what a call waits for, and for how long", async () => {
    const system = new System({ max: 1 });
    const held = await system.pool.checkout();
    const { call } = abortable();
    call.record.stage = "running";
    const waiting = system.pool.checkout(call);
    expect(call.record.stage).toBe("waiting for a connection");
    expect(call.outcome).toBe("none");
    await system.clock.advance(70);
    system.pool.release(held);
    await waiting;
    expect(call.record).toMatchObject({ stage: "running", waitMs: 70 });
  });

  test("lets an aborted caller go at once, without costing a connection", async () => {
    const { pool } = new System({ max: 1 });
    const held = await pool.checkout();
    const { abort, call } = abortable();
    const gone = pool.checkout(call);
    const next = pool.checkout();
    abort.abort();
    await expect(gone).rejects.toMatchObject({ kind: "cancelled", outcome: "none" });
    expect(pool.waiting).toBe(1);
    pool.release(held);
    expect(await next).toBe(held);
    await expect(pool.checkout(call)).rejects.toMatchObject({ kind: "cancelled" });
  });

  test("gives a connection that comes late to the next caller, or keeps it", async () => {
    const system = new System({ max: 1 });
    system.isOpen = false;
    const { abort, call } = abortable();
    const gone = system.pool.checkout(call);
    abort.abort();
    await expect(gone).rejects.toMatchObject({ kind: "cancelled" });
    const next = system.pool.checkout();
    expect(system.attempts).toHaveLength(1);
    const late = system.attempts[0]!.succeed();
    expect(await next).toBe(late);

    const other = abortable();
    system.pool.release(late, { broken: true });
    const alsoGone = system.pool.checkout(other.call);
    other.abort.abort();
    await expect(alsoGone).rejects.toThrow();
    system.attempts[1]!.succeed();
    await system.clock.settle();
    expect(system.pool).toMatchObject({ size: 1, idle: 1 });
  });

  test("tells only the caller for whom a connection was made that making it failed", async () => {
    const system = new System({ max: 1 });
    system.isOpen = false;
    const [first, second, third] = [system.pool.checkout(), system.pool.checkout(), system.pool.checkout()];
    system.attempts[0]!.fail();
    expect(await fate(first)).toBe("refused");
    expect(await fate(second)).toBe("waits");
    system.attempts[1]!.succeed();
    const connection = await second;
    system.pool.release(connection);
    expect(await third).toBe(connection);
  });

  test("makes another attempt for who waits when the one that failed was for a caller who has gone", async () => {
    const system = new System({ max: 1 });
    system.isOpen = false;
    const { abort, call } = abortable();
    const gone = system.pool.checkout(call);
    const next = system.pool.checkout();
    abort.abort();
    await expect(gone).rejects.toThrow();
    system.attempts[0]!.fail();
    expect(await fate(next)).toBe("waits");
    system.attempts[1]!.succeed();
    expect(await fate(next)).toBe("served");
  });

  test("gives up on making a connection when that takes too long, and closes what comes later", async () => {
    const system = new System({ max: 1, connectionTimeoutMs: 5_000 });
    system.isOpen = false;
    const caller = system.pool.checkout();
    const told = expect(caller).rejects.toMatchObject({ kind: "timeout", outcome: "none" });
    await system.clock.advance(5_000);
    await told;
    expect(system.attempts[0]!.signal.aborted).toBe(true);
    expect(system.pool.size).toBe(0);
    const late = system.attempts[0]!.succeed();
    await system.clock.settle();
    expect(late.closed).toBe("broken");
    expect(system.clock.pending).toBe(0);
  });

  test("closes a broken connection and makes another for who waits", async () => {
    const { pool, made } = new System({ max: 1 });
    const first = await pool.checkout();
    const next = pool.checkout();
    pool.release(first, { broken: true });
    expect((await next).id).toBe(2);
    expect(made[0]!.closed).toBe("broken");
  });

  test("lets go at once of an idle connection that broke, and later of a busy one", async () => {
    const { pool } = new System();
    const [idle, busy] = [await pool.checkout(), await pool.checkout()];
    pool.release(idle);
    idle.lose();
    busy.lose();
    expect(pool.size).toBe(1);
    expect(idle.closed).toBe("broken");
    expect(busy.closed).toBe("no");
    pool.release(busy);
    expect(busy.closed).toBe("broken");
    expect(pool.size).toBe(0);
  });

  test("neither hands out nor takes back what is known to work no more, even before it is told", async () => {
    const { pool, made } = new System({ max: 1 });
    const first = await pool.checkout();
    pool.release(first);
    first.isDead = true;
    const second = await pool.checkout();
    expect(first.closed).toBe("broken");
    const next = pool.checkout();
    second.isDead = true;
    pool.release(second);
    expect((await next).id).toBe(3);
    expect(made.map(({ closed }) => closed)).toEqual(["broken", "broken", "no"]);
  });

  test("says so when a connection breaks as soon as it is made", async () => {
    const system = new System({ max: 1 });
    system.isOpen = false;
    const caller = system.pool.checkout();
    system.attempts[0]!.succeed().lose();
    await expect(caller).rejects.toMatchObject({ kind: "connection_lost", outcome: "none" });
    expect(system.pool.size).toBe(0);
    expect(system.open).toEqual([]);
  });

  test("closes connections that nobody used for a while, and no others", async () => {
    const { pool, clock, made } = new System({ idleTimeoutMs: 1_000, max: 3 });
    const [a, b] = [await pool.checkout(), await pool.checkout()];
    pool.release(a);
    await clock.advance(600);
    pool.release(b);
    await clock.advance(400);
    expect(made.map(({ closed }) => closed)).toEqual(["well", "no"]);
    await clock.advance(600);
    expect(made.map(({ closed }) => closed)).toEqual(["well", "well"]);
    expect(pool.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("checks a connection that stood idle for long, and hands out a new one where it died in silence", async () => {
    const system = new System({ max: 3 });
    const { pool, clock } = system;
    const three = [await pool.checkout(), await pool.checkout(), await pool.checkout()];
    for (const each of three) pool.release(each);
    await clock.advance(1_000);
    pool.release(await pool.checkout());
    expect(system.checks).toBe(0);
    await clock.advance(1_001);
    const well = await pool.checkout();
    expect(system.checks).toBe(1);
    expect(three).toContain(well);
    pool.release(well);
    await clock.advance(1_001);
    for (const each of three) each.isWell = false;
    const fresh = await pool.checkout();
    expect(three).not.toContain(fresh);
    // The others stood idle through the same failure.
    expect(system.open).toEqual([fresh]);
    expect(system.checks).toBe(2);
  });

  test("keeps a connection whose caller left while it was checked", async () => {
    const system = new System({ max: 1 });
    system.pool.release(await system.pool.checkout());
    await system.clock.advance(2_000);
    const { abort, call } = abortable();
    const gone = system.pool.checkout(call);
    abort.abort();
    await expect(gone).rejects.toThrow();
    await system.clock.settle();
    expect(system.pool).toMatchObject({ size: 1, idle: 1 });
  });

  test("keeps the place of a connection until it is closed", async () => {
    let closed!: () => void;
    const closing = new Promise<void>((resolve) => (closed = resolve));
    const system = new System({ max: 1, close: () => closing });
    const { pool } = system;
    pool.release(await pool.checkout());
    pool.retire();
    const next = pool.checkout();
    await system.clock.settle();
    expect([pool.size, pool.waiting, system.made.length]).toEqual([1, 1, 1]);
    closed();
    expect([(await next).id, pool.size]).toEqual([2, 1]);
  });

  test("leaves the place of a connection to one outside, until it is given back", async () => {
    const system = new System({ max: 2 });
    const { pool } = system;
    const [one, two] = [await pool.checkout(), await pool.checkout()];
    const leave = await pool.vacate(one);
    expect([one.closed, pool.size]).toEqual(["well", 2]);
    const next = pool.checkout();
    expect(await fate(next)).toBe("waits");
    leave();
    expect([(await next).id, pool.size]).toEqual([3, 2]);
    pool.release(two);
  });

  test("hands out only new connections after `retire`, and disturbs nobody who runs", async () => {
    const system = new System();
    const [idle, busy] = [await system.pool.checkout(), await system.pool.checkout()];
    system.pool.release(idle);
    system.isOpen = false;
    system.pool.release(busy);
    await system.pool.checkout();
    system.pool.retire();
    expect(idle.closed).toBe("well");
    expect(busy.closed).toBe("no");
    const next = system.pool.checkout();
    system.pool.release(busy);
    expect(busy.closed).toBe("well");
    await system.clock.settle();
    system.attempts[0]!.succeed();
    expect((await next).id).toBe(3);
  });

  test("takes a connection back once, whoever gives it back again", async () => {
    const { pool } = new System({ max: 1 });
    const connection = await pool.checkout();
    pool.release(connection);
    pool.release(connection, { broken: true });
    expect(pool).toMatchObject({ size: 1, idle: 1 });
    expect(await pool.checkout()).toBe(connection);
    expect(await fate(pool.checkout())).toBe("waits");
  });

  test("closes: refuses who waits and who comes, waits for who runs, ends everything", async () => {
    const system = new System({ max: 2, idleTimeoutMs: 1_000 });
    const { pool } = system;
    const [idle, busy] = [await pool.checkout(), await pool.checkout()];
    const waiting = pool.checkout();
    const refused = expect(waiting).rejects.toMatchObject({ kind: "not_connected", outcome: "none" });
    const closed = pool.close(1_000);
    await refused;
    await expect(pool.checkout()).rejects.toMatchObject({ kind: "not_connected" });
    pool.release(idle);
    expect(idle.closed).toBe("well");
    expect(await fate(closed)).toBe("waits");
    pool.release(busy);
    await closed;
    await pool.close(0);
    expect(pool.size).toBe(0);
    expect(system.clock.pending).toBe(0);
  });

  test("does not wait for ever for a connection that is not given back, nor for one that is being made", async () => {
    const system = new System({ max: 2 });
    const held = await system.pool.checkout();
    system.isOpen = false;
    const waiting = system.pool.checkout();
    const refused = expect(waiting).rejects.toBeInstanceOf(ConnectorError);
    const closed = system.pool.close(1_000);
    await refused;
    await system.clock.advance(1_000);
    await closed;
    expect(held.closed).toBe("broken");
    system.attempts[0]!.succeed();
    await system.clock.settle();
    expect(system.open).toEqual([]);
    system.pool.release(held);
    expect(system.pool.size).toBe(0);
  });
});

describe("a thousand callers on three connections", () => {
  test("are each served once or told why not, whatever breaks, and nothing is left over", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const chance = uniform(seed);
        const system = new System({ max: 3, connectionTimeoutMs: 1_000, idleTimeoutMs: 500 });
        system.isOpen = false;
        const { pool, clock } = system;
        const holders = new Set<Fake>();
        let served = 0;
        let told = 0;
        const callers = Array.from({ length: 1_000 }, async () => {
          const { abort, call } = abortable();
          if (chance() < 0.2) clock.after(chance() * 200, () => abort.abort());
          try {
            const connection = await pool.checkout(call);
            expect(holders.has(connection)).toBe(false);
            expect(connection.closed).toBe("no");
            holders.add(connection);
            expect(holders.size).toBeLessThanOrEqual(3);
            await new Promise<void>((resolve) => void clock.after(chance() * 3, resolve));
            holders.delete(connection);
            if (chance() < 0.02) connection.lose();
            if (chance() < 0.02) connection.isDead = true;
            pool.release(connection, { broken: chance() < 0.05 });
            served++;
          } catch (error) {
            expect((error as Error).message).toMatch(/Cancelled|refused|No connection within|broke as soon/);
            told++;
          }
        });
        const all = Promise.all(callers);
        while (served + told < 1_000) {
          for (const attempt of system.attempts.splice(0)) {
            const luck = chance();
            if (luck < 0.1) attempt.fail();
            else if (luck < 0.9) attempt.succeed();
          }
          for (const idle of system.made) if (chance() < 0.01) idle.lose();
          await clock.advance(20);
          expect(pool.size).toBeLessThanOrEqual(3);
        }
        await all;
        expect(served).toBeGreaterThan(100);
        await clock.advance(2_000);
        expect(pool).toMatchObject({ size: 0, idle: 0, waiting: 0 });
        expect(system.open).toEqual([]);
        expect(clock.pending).toBe(0);
        await pool.close(0);
      }),
      { numRuns: 5 },
    );
  });
});
