import { expect, test } from "vitest";
import { registry } from "./registry.ts";

test("a provider's name is its own, and a type has one default at most", () => {
  const names = registry.map(({ provider }) => provider);
  expect(new Set(names).size).toBe(names.length);
  const defaults = registry.filter(({ isDefault }) => isDefault).map(({ type }) => type);
  expect(new Set(defaults).size).toBe(defaults.length);
});
