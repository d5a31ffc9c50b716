import { describe, expect, test } from "vitest";
import { fakeClock } from "../../testkit/fake-clock.ts";
import { SqliteError, isBusy } from "./driver/sqlite-error.ts";
import { Turns } from "./waiting.ts";

const busy = (): SqliteError => new SqliteError("database is locked", "SQLITE_BUSY");

/** Work that finds the database busy so many times. */
function busyFor(times: number): { work: () => Promise<string>; readonly tries: number } {
  let tries = 0;
  const work = async (): Promise<string> => {
    if (++tries <= times) throw busy();
    return "done";
  };
  return {
    work,
    get tries() {
      return tries;
    },
  };
}

describe("waiting for whoever writes", () => {
  test("tries again every now and then, less often the longer it takes", async () => {
    const clock = fakeClock();
    const asked = busyFor(8);
    const done = new Turns(clock, 5_000).untilFree(asked.work, isBusy);
    await clock.advance(1 + 2 + 4 + 8);
    expect(asked.tries).toBe(5);
    await clock.advance(16 + 32 + 50 + 50);
    expect(await done).toBe("done");
    expect(clock.pending).toBe(0);
  });

  test("is over when the time-out has passed, with SQLite's own error", async () => {
    const clock = fakeClock();
    const asked = busyFor(Infinity);
    const done = new Turns(clock, 100).untilFree(asked.work, isBusy);
    const failed = expect(done).rejects.toMatchObject({ code: "SQLITE_BUSY" });
    await clock.advance(200);
    await failed;
    expect(clock.pending).toBe(0);
  });

  test("a transaction that ends wakes those that wait, one each, in order of arrival", async () => {
    const clock = fakeClock();
    const turns = new Turns(clock, 5_000);
    const order: number[] = [];
    const all = [1, 2, 3].map((at) => {
      const { work } = busyFor(1);
      return turns.untilFree(work, isBusy).then(() => order.push(at));
    });
    await clock.settle();
    for (let woken = 1; woken <= 3; woken++) {
      turns.next();
      await clock.settle();
      expect(order).toHaveLength(woken);
    }
    await Promise.all(all);
    expect(order).toEqual([1, 2, 3]);
    // Nobody waits: nothing happens.
    turns.next();
  });

  test("other errors are not waited for, and nor is anything where no time is given", async () => {
    const clock = fakeClock();
    const full = new SqliteError("full", "SQLITE_FULL");
    await expect(new Turns(clock, 5_000).untilFree(() => Promise.reject(full), isBusy)).rejects.toBe(full);
    const asked = busyFor(1);
    await expect(new Turns(clock, 0).untilFree(asked.work, isBusy)).rejects.toMatchObject({ code: "SQLITE_BUSY" });
    expect(asked.tries).toBe(1);
    expect(clock.pending).toBe(0);
  });
});
