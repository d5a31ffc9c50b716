import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { ORDER, POLICIES } from "./order.ts";
import { keysOfPolicies } from "./pipeline.ts";

test("every policy of the order is a module beside it", async () => {
  for (const { name } of ORDER) {
    const source = await readFile(new URL(`${name}.ts`, import.meta.url), "utf8");
    expect(source, name).toMatch(/: Policy( \| undefined)?( \{| =)/);
  }
});

test("every setting belongs to one policy", () => {
  expect(POLICIES.flatMap(({ settings }) => settings).sort()).toEqual([...keysOfPolicies].sort());
});

test("what works for another policy stands with one that users know", () => {
  const names = POLICIES.map(({ name }) => name);
  expect(names).not.toContain("retry-budget");
  for (const each of ORDER) if ("partOf" in each) expect(names).toContain(each.partOf);
});
