import fc from "fast-check";
import { expect, test } from "vitest";
import { CacheStore, type StoredAnswer } from "./cache-store.ts";

const answer = (data: unknown): StoredAnswer => ({ data, meta: {}, storedAt: 0 });

test("an outdated answer neither stays nor takes the place of a newer one", () => {
  const store = new CacheStore(10);
  const old = store.labels.hold(["get"]);
  store.put("k", answer("old"), old);
  store.labels.outdate("get");
  expect(store.get("k")).toBeUndefined();
  store.put("k", answer("new"), store.labels.hold(["get"]));
  store.put("k", answer("late"), old);
  expect(store.get("k")?.data).toBe("new");
});

test("one operation's writes leave the answers of others alone", () => {
  const store = new CacheStore(10);
  store.put("k", answer(1), store.labels.hold(["get"]));
  store.labels.outdate("list");
  expect(store.get("k")?.data).toBe(1);
});

test("a label outlives an outdated one of the same name", () => {
  const { labels } = new CacheStore(1);
  const old = labels.hold(["get"]);
  labels.outdate("get");
  const [young] = labels.hold(["get"]);
  labels.release(old);
  labels.outdate("get");
  expect(young?.isOutdated).toBe(true);
});

test("trap 9: labels are known as long as an answer carries them, and no longer", () => {
  const store = new CacheStore(100);
  for (let i = 0; i < 20_000; i++) {
    const labels = store.labels.hold(["get", `user ${i}`]);
    store.put(`key ${i}`, answer(i), labels);
    store.labels.release(labels);
    if (i % 3 === 0) store.labels.outdate(`user ${i}`);
    if (i % 1_000 === 0) store.labels.outdate("get");
  }
  expect(store.labels.size).toBeLessThanOrEqual(101);
  for (let i = 0; i < 20_000; i++) store.put(`key ${i % 100}`, answer(i), store.labels.hold([]));
  expect(store.labels.size).toBe(0);
});

test("it keeps the answers used last, and never more than it may", () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 9 }).map(String), isPut: fc.boolean() });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step), (most, steps) => {
      const store = new CacheStore(most);
      /** Keys, the least recently used first. */
      let model: string[] = [];
      for (const { key, isPut } of steps) {
        const isKept = model.includes(key);
        if (isPut) store.put(key, answer(key), []);
        else expect(store.get(key)?.data).toBe(isKept ? key : undefined);
        if (isPut || isKept) model = [...model.filter((each) => each !== key), key].slice(-most);
      }
      expect(model.filter((key) => store.get(key) === undefined)).toEqual([]);
    }),
  );
});
