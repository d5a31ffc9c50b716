import fc from "fast-check";
import { expect, test } from "vitest";
import { CacheStore, type StoredAnswer } from "./cache-store.ts";

const answer = (data: unknown, generation = 0): StoredAnswer => ({ data, meta: {}, storedAt: 0, generation });

test("an outdated answer neither stays nor takes the place of a newer one", () => {
  const store = new CacheStore(10);
  store.put("k", "get", answer("old"));
  store.outdate("get");
  expect(store.get("k", "get")).toBeUndefined();
  store.put("k", "get", answer("new", store.generation("get")));
  store.put("k", "get", answer("late"));
  expect(store.get("k", "get")?.data).toBe("new");
});

test("one operation's writes leave the answers of others alone", () => {
  const store = new CacheStore(10);
  store.put("k", "get", answer(1));
  store.outdate("list");
  expect(store.get("k", "get")?.data).toBe(1);
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
        if (isPut) store.put(key, "get", answer(key));
        else expect(store.get(key, "get")?.data).toBe(isKept ? key : undefined);
        if (isPut || isKept) model = [...model.filter((each) => each !== key), key].slice(-most);
      }
      expect(model.filter((key) => store.get(key, "get") === undefined)).toEqual([]);
    }),
  );
});
