import { describe, expect, test } from "vitest";
import { map } from "./fields.ts";

class Person {
  readonly #name = "Ada";
  get name(): string {
    return this.#name;
  }
}
class Owner {
  name = "Ada";
}

describe("a map of columns to values", () => {
  const schema = map("Values by column.");

  test.each<[string, object]>([
    ["a literal", { name: "Ada" }],
    ["an empty one", {}],
    ["one without a prototype", Object.assign(Object.create(null) as object, { name: "Ada" })],
    ["an instance with values of its own", new Owner()],
  ])("is %s, which is passed on as it is", (_, value) => {
    expect(schema.parse(value)).toBe(value);
  });

  test.each<[string, unknown]>([
    ["a list", [["name", "Ada"]]],
    ["a Map", new Map([["name", "Ada"]])],
    ["a date", new Date(0)],
    ["a promise", Promise.resolve({ name: "Ada" })],
    ["bytes", new Uint8Array(1)],
    ["null", null],
    ["text", "name"],
    ["an instance that has getters alone", new Person()],
    ["what only inherits", Object.create({ name: "Ada" })],
  ])("is not %s, whose columns would silently be none", (_, value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });
});
