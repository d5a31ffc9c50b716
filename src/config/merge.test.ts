import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeConnectors, mergeNodes } from "./merge.ts";
import type { Origin } from "./origin.ts";
import { eachScalar, plainOf, treeOf, type Fault, type Node } from "./tree.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const from = (file: string) => (): Origin => ({ from: "file", file, line: 1, column: 1 });
const base = (value: unknown): Node => treeOf(value, from("base"));
const later = (value: unknown): Node => treeOf(value, from("later"));
const isMap = (value: unknown): value is Record<string, Json> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The same in three lines, without places. */
function merged(a: Json, b: Json): Json {
  if (!isMap(a) || !isMap(b)) return b;
  const all = {
    ...a,
    ...Object.fromEntries(Object.entries(b).map(([key, item]) => [key, key in a ? merged(a[key]!, item) : item])),
  };
  return Object.fromEntries(Object.entries(all).filter(([key]) => !(key in a && key in b && b[key] === null)));
}

const names = fc.constantFrom("a", "b", "c", "timeout");
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json[]>(null, 1, "x", true),
    fc.array(tie("json"), { maxLength: 3 }),
    fc.dictionary(names, tie("json"), { noNullPrototype: true }),
  ),
}));

test("maps are merged name by name, all else is replaced, and nothing takes back", () => {
  fc.assert(
    fc.property(json, json, (a, b) => {
      expect(plainOf(mergeNodes(base(a), later(b)))).toEqual(merged(a, b));
    }),
  );
});

test("every value keeps the place where it was written", () => {
  fc.assert(
    fc.property(fc.dictionary(names, fc.integer()), fc.dictionary(names, fc.integer()), (a, b) => {
      eachScalar(mergeNodes(base(a), later(b)), ({ origin }, [name]) => {
        expect(origin).toMatchObject({ file: Object.hasOwn(b, String(name)) ? "later" : "base" });
      });
    }),
  );
});

test("connectors are the same where their names are, in the order in which they are first named", () => {
  const faults: string[] = [];
  const refuse = ({ message }: Fault, connector: string): void => void faults.push(`${connector}: ${message}`);
  const lists = [
    [base({ name: "a", x: 1 }), base({ name: "b" }), base({ name: "a", y: 1 }), base({ x: 9 }), base("text")],
    [later({ name: "c" }), later({ name: "a", x: 2 })],
  ];
  expect(mergeConnectors(lists, refuse).map(plainOf)).toEqual([
    { name: "a", x: 2 },
    { name: "b" },
    { name: "a", y: 1 },
    { x: 9 },
    "text",
    { name: "c" },
  ]);
  expect(faults).toEqual(['a: the name "a" is taken already, at base:1:1']);
});
