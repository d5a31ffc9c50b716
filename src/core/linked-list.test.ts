import fc from "fast-check";
import { expect, test } from "vitest";
import { LinkedList, type Link } from "./linked-list.ts";

const drain = (list: LinkedList<number>): number[] => {
  const values: number[] = [];
  for (let value = list.shift(); value !== undefined; value = list.shift()) values.push(value);
  return values;
};

test("values leave in the order in which they came", () => {
  const list = new LinkedList<number>();
  for (const value of [1, 2, 3]) list.push(value);
  expect([list.first, list.size]).toEqual([1, 3]);
  expect(drain(list)).toEqual([1, 2, 3]);
  expect([list.first, list.size, list.shift()]).toEqual([undefined, 0, undefined]);
});

test("a value leaves once, and only the list that it is in", () => {
  const list = new LinkedList<number>();
  const other = new LinkedList<number>();
  const link = list.push(1);
  expect(other.remove(link)).toBe(false);
  expect(list.remove(link)).toBe(true);
  expect(list.remove(link)).toBe(false);
  expect(list.size).toBe(0);
});

test("it can be walked while the value at hand leaves", () => {
  const list = new LinkedList<number>();
  const links = new Map([1, 2, 3, 4].map((value) => [value, list.push(value)]));
  for (const value of list) if (value % 2 === 0) list.remove(links.get(value)!);
  expect([...list]).toEqual([1, 3]);
});

test("whatever joins and leaves, it does what an array would do", () => {
  const step = fc.oneof(
    fc.record({ push: fc.nat() }),
    fc.constant({ shift: true as const }),
    fc.record({ remove: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const list = new LinkedList<number>();
      const model: { readonly value: number; readonly link: Link<number> }[] = [];
      for (const each of steps) {
        if ("push" in each) model.push({ value: each.push, link: list.push(each.push) });
        else if ("shift" in each) expect(list.shift()).toBe(model.shift()?.value);
        else if (model.length > 0) {
          const [gone] = model.splice(each.remove % model.length, 1);
          expect(list.remove(gone!.link)).toBe(true);
        }
        expect([list.size, list.first]).toEqual([model.length, model[0]?.value]);
      }
      expect(drain(list)).toEqual(model.map(({ value }) => value));
    }),
  );
});
