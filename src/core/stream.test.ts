import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fakeClock } from "../testkit/fake-clock.ts";
import { inBatches, lazyStream, openStream, type ItemStream, type OpenedStream } from "./stream.ts";

const DONE = { done: true, value: undefined };

/** A source that counts what is done to it. */
function source<T>(batches: readonly (readonly T[] | Error)[]) {
  const seen = { opens: 0, reads: 0, closes: 0 };
  const open = async (): Promise<OpenedStream<T>> => {
    seen.opens++;
    let at = 0;
    const next = async (): Promise<readonly T[] | undefined> => {
      seen.reads++;
      const batch = batches[at++];
      if (batch instanceof Error) throw batch;
      return batch;
    };
    return { first: await next(), next, close: async () => void seen.closes++ };
  };
  return { seen, open };
}
const listed = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};

describe("a stream", () => {
  test("trap 26: that nobody reads holds nothing, also when it is ended", async () => {
    const { seen, open } = source([[1]]);
    const unread = lazyStream(open);
    expect(seen.opens).toBe(0);
    expect(await unread.return()).toEqual(DONE);
    expect(await unread.next()).toEqual(DONE);
    {
      await using disposed = lazyStream(open);
      void disposed;
    }
    expect(await listed(unread)).toEqual([]);
    expect(seen).toEqual({ opens: 0, reads: 0, closes: 0 });
  });

  test("starts when it is first read, once, and gives all its items in order", async () => {
    const { seen, open } = source([[1, 2], [], [3], [], []]);
    const items = lazyStream(open);
    expect(await listed(items)).toEqual([1, 2, 3]);
    expect(await items.next()).toEqual(DONE);
    expect(seen.opens).toBe(1);
  });

  test("gives the same items as arrays, as they come, and never an empty one", async () => {
    expect(await listed(lazyStream(source([[1, 2], [], [3]]).open).batches())).toEqual([[1, 2], [3]]);
    expect(await listed(lazyStream(source([[]]).open).batches())).toEqual([]);
  });

  test("can be read item by item and then in batches: nothing is lost, nothing comes twice", async () => {
    const items = lazyStream(source([[1, 2, 3], [4, 5], [6]]).open);
    expect(await items.next()).toEqual({ done: false, value: 1 });
    const batches = items.batches()[Symbol.asyncIterator]();
    expect((await batches.next()).value).toEqual([2, 3]);
    expect((await batches.next()).value).toEqual([4, 5]);
    expect(await items.next()).toEqual({ done: false, value: 6 });
    expect(await batches.next()).toEqual(DONE);
  });

  test("that is broken off closes what is underneath once, and gives nothing more", async () => {
    const { seen, open } = source([[1, 2], [3]]);
    const items = lazyStream(open);
    for await (const item of items) if (item === 1) break;
    expect(seen).toEqual({ opens: 1, reads: 1, closes: 1 });
    expect(await items.next()).toEqual(DONE);
    expect(await listed(items.batches())).toEqual([]);
  });

  test("broken off in batches, by a throw in the loop, or by `await using`, is closed as well", async () => {
    const { seen, open } = source([[1], [2]]);
    for await (const batch of lazyStream(open).batches()) if (batch[0] === 1) break;
    const thrown = (async () => {
      for await (const item of lazyStream(open)) throw new Error(`at ${item}`);
    })();
    await expect(thrown).rejects.toThrow("at 1");
    {
      await using items = lazyStream(open);
      await items.next();
    }
    expect(seen.closes).toBe(3);
  });

  test("that fails midway gives what came before, fails once, and is over", async () => {
    const items = lazyStream(source([[1], new Error("cut"), [2]]).open);
    expect((await items.next()).value).toBe(1);
    await expect(items.next()).rejects.toThrow("cut");
    expect(await items.next()).toEqual(DONE);
    const failing = lazyStream(source([new Error("at once")]).open);
    await expect(failing.next()).rejects.toThrow("at once");
    expect(await failing.return()).toEqual(DONE);
  });

  test("asked several times at once opens once and gives each asker the next item", async () => {
    const { seen, open } = source([[1, 2], [3]]);
    const items = lazyStream(open);
    const steps = await Promise.all(Array.from({ length: 5 }, () => items.next()));
    expect(steps.map(({ value }) => value)).toEqual([1, 2, 3, undefined, undefined]);
    expect(seen.opens).toBe(1);
  });

  test("asked several times at once fails the asker whose turn it is, and ends for those behind", async () => {
    const items = lazyStream(source([[1], new Error("cut")]).open);
    const steps = await Promise.allSettled(Array.from({ length: 4 }, () => items.next()));
    expect(steps.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  });

  test("broken off while it opens is given up, ends for who waits, and closes what comes all the same", async () => {
    const { seen, open } = source([[1]]);
    let finish = (): void => {};
    let givenUp = 0;
    const gate = new Promise<void>((resolve) => (finish = resolve));
    const items = lazyStream(
      () => gate.then(open),
      () => givenUp++,
    );
    const waiting = items.next();
    expect(await items.return()).toEqual(DONE);
    expect(givenUp).toBe(1);
    finish();
    expect(await waiting).toEqual(DONE);
    expect(seen).toEqual({ opens: 1, reads: 1, closes: 1 });
  });

  test("given up while it opens does not fail who waits with the failure that this made", async () => {
    let fail = (_: Error): void => {};
    const items = lazyStream<number>(
      () => new Promise((_resolve, reject) => (fail = reject)),
      () => fail(new Error("given up")),
    );
    const waiting = items.next();
    await items.return();
    expect(await waiting).toEqual(DONE);
  });

  test("that has ended or failed is asked for nothing more, nor given up", async () => {
    let givenUp = 0;
    const { seen, open } = source([[1]]);
    const items = lazyStream(open, () => givenUp++);
    await listed(items);
    const { reads } = seen;
    await items.next();
    await listed(items.batches());
    expect(seen.reads).toBe(reads);
    const failing = lazyStream(source([new Error("at once")]).open, () => givenUp++);
    await failing.next().catch(() => {});
    await failing.return();
    expect(givenUp).toBe(0);
  });

  test("is not given up once it is open", async () => {
    let givenUp = 0;
    const items = lazyStream(source([[1]]).open, () => givenUp++);
    await items.next();
    await items.return();
    expect(givenUp).toBe(0);
  });

  test("whose closing fails tells who broke it off", async () => {
    const open = async (): Promise<OpenedStream<number>> => ({
      first: [1],
      next: async () => [2],
      close: () => Promise.reject(new Error("stuck")),
    });
    const broken = (async () => {
      for await (const item of lazyStream(open)) if (item === 1) break;
    })();
    await expect(broken).rejects.toThrow("stuck");
  });

  test("of a million items in one batch is read without a step per item that could run out of stack", async () => {
    const million = Array.from({ length: 1_000_000 }, (_, i) => i);
    let last = -1;
    for await (const item of lazyStream(source([million]).open)) last = item;
    expect(last).toBe(999_999);
  });

  test("however it is read, gives a prefix of its items in order and is closed at most once", async () => {
    const step = fc.constantFrom("next", "batch", "return", "many");
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { maxLength: 6 }),
        fc.array(step, { maxLength: 12 }),
        async (sizes, steps) => {
          let n = 0;
          const { seen, open } = source(sizes.map((size) => Array.from({ length: size }, () => n++)));
          const items: ItemStream<number> = lazyStream(open);
          const batches = items.batches()[Symbol.asyncIterator]();
          const got: number[] = [];
          const note = (result: IteratorResult<number | readonly number[], unknown>): void => {
            if (result.done !== true) got.push(...[result.value].flat());
          };
          for (const each of steps) {
            if (each === "next") note(await items.next());
            else if (each === "batch") note(await batches.next());
            else if (each === "return") await items.return();
            else (await Promise.all([items.next(), batches.next(), items.next()])).forEach(note);
          }
          expect(got).toEqual(got.map((_, i) => i));
          expect(seen.opens).toBeLessThanOrEqual(1);
          expect(seen.closes).toBeLessThanOrEqual(steps.filter((each) => each === "return").length);
          if (!steps.includes("return")) {
            const rest = await listed(items);
            expect([...got, ...rest]).toEqual(Array.from({ length: n }, (_, i) => i));
          }
        },
      ),
    );
  });
});

describe("what a handler answers", () => {
  test("is read item by item, or batch by batch where it is marked so", async () => {
    async function* numbers() {
      yield 1;
      yield 2;
    }
    const single = await openStream(numbers());
    expect([single.first, await single.next(), await single.next()]).toEqual([[1], [2], undefined]);
    async function* pairs() {
      yield [1, 2];
      yield [3];
    }
    const batched = await openStream(inBatches(pairs()));
    expect([batched.first, await batched.next(), await batched.next()]).toEqual([[1, 2], [3], undefined]);
    // Not marked: the arrays are the items.
    expect((await openStream(pairs())).first).toEqual([[1, 2]]);
  });

  test("is ended with its `finally` when it is closed, and may have no `return`", async () => {
    let isEnded = false;
    async function* numbers() {
      try {
        yield 1;
        yield 2;
      } finally {
        await fakeClock().settle();
        isEnded = true;
      }
    }
    const opened = await openStream(numbers());
    await opened.close();
    await opened.close();
    expect([isEnded, await opened.next()]).toEqual([true, undefined]);

    const bare: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false, value: 1 }) }),
    };
    const plain = await openStream(bare);
    await plain.close();
    expect(plain.first).toEqual([1]);
    const marked = await openStream(inBatches({ [Symbol.asyncIterator]: () => ({ next: async () => DONE as never }) }));
    await marked.close();
    expect(marked.first).toBeUndefined();
  });
});
