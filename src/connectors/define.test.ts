import { describe, expect, test } from "vitest";
import { z } from "zod";
import { ConnectorError } from "../core/errors.ts";
import { read, stream, write } from "../core/operation.ts";
import type { Operations } from "../core/operation.ts";
import { keysOfPolicies } from "../policies/pipeline.ts";
import { defineConnector, isConnectorClass } from "./define.ts";
import { DefinedConnector } from "./defined.ts";

const none = z.strictObject({});
const working = {
  provider: "toy",
  type: "custom",
  title: "Toy",
  summary: "A toy.",
  connection: z.strictObject({ host: z.string().default("h") }),
  classify: () => undefined,
} as const;
/** Defines a connector that answers every operation with its name. */
const define = (
  more: { operations?: Operations; provider?: string; connection?: z.ZodObject; options?: z.ZodObject } = {},
) =>
  defineConnector({
    ...working,
    operations: { echo: read("Echo.", none, z.string()) },
    ...more,
    async open() {
      const handlers = new Proxy(
        {},
        {
          get: (_, name) => async () => String(name),
        },
      );
      return { handlers, ping: async () => {}, close: async () => {} };
    },
  });

describe("a definition", () => {
  test.each([
    [undefined, "defineConnector takes a definition"],
    [{ ...working, provider: undefined }, 'Connector definition "undefined": provider must be lower-case'],
    [{ ...working, type: "nonsense" }, "type must be one of database, rest-api, message-queue, file-system, custom"],
    [{ ...working, title: undefined }, "title is missing"],
    [{ ...working, connection: undefined }, "connection must be a z.strictObject"],
    [{ ...working, connection: z.union([none, none]) }, "connection must be a z.strictObject"],
    [{ ...working, options: none.optional() }, "options must be a z.strictObject"],
    [working, "operations must be a map of operations"],
    [{ ...working, operations: {} }, "open must be a function"],
    [{ ...working, operations: {}, open() {}, classify: undefined }, "classify must be a function"],
    [{ ...working, operations: { echo: undefined }, open() {} }, 'operation "echo" is none; make it with read'],
  ])("that the types do not let through is refused at once (%#)", (definition, message) => {
    expect(() => defineConnector(definition as never)).toThrow(message);
  });

  test.each(["Toy", "1toy", "my toy", "my_toy", "", "töy", "toy\n"])("may not call its provider %j", (provider) => {
    expect(() => define({ provider })).toThrow("provider must be lower-case letters, digits and dashes");
  });

  test.each(["Query", "run-it", "run_it", "1st", "", "a b", "__proto__", "ünter"])(
    "may not call an operation %j",
    (name) => {
      const operations = Object.fromEntries([[name, read("x", none, none)]]);
      expect(() => define({ operations })).toThrow(`operation name "${name}" must be camelCase letters and digits`);
    },
  );

  test("may not call an operation like anything that every connector has", () => {
    const own = new Set<string>(["config", "name", "definition"]);
    for (let at: object = DefinedConnector.prototype; at !== Object.prototype; at = Object.getPrototypeOf(at) as object)
      for (const name of Object.getOwnPropertyNames(at)) own.add(name);
    // Reached by name only: `execute("describe", …)`.
    for (const name of ["execute", "describe"]) expect(own.delete(name)).toBe(true);
    for (const name of [...own, "then", "toString", "toJSON", "valueOf", "hasOwnProperty"])
      expect(() => define({ operations: { [name]: read("x", none, none) } })).toThrow(
        `Connector definition "toy": operation name "${name}" is reserved`,
      );
  });

  test("may not use one name in connection and options", () => {
    const shape = z.strictObject({ host: z.string() });
    expect(() => define({ connection: shape, options: shape })).toThrow('"host" stands in connection and in options');
  });

  test("may not use a name of the policies, in either half", () => {
    for (const key of keysOfPolicies) {
      const shape = z.strictObject({ [key]: z.string() });
      expect(() => define({ connection: shape })).toThrow(`"${key}" is a setting of the policies`);
      expect(() => define({ options: shape })).toThrow(`"${key}" is a setting of the policies`);
    }
  });

  test("is refused with kind `config_invalid`", () => {
    expect(() => define({ provider: "X" })).toThrow(ConnectorError);
    expect(() => define({ provider: "X" })).toThrow(expect.objectContaining({ kind: "config_invalid" }));
  });

  test("makes a class, which knows its definition and is recognized", () => {
    const Toy = define();
    expect(Toy.definition.provider).toBe("toy");
    expect([isConnectorClass(Toy), isConnectorClass(class extends Toy {})]).toEqual([true, true]);
    for (const other of [undefined, null, {}, class {}, () => {}, DefinedConnector, new Toy({})])
      expect(isConnectorClass(other)).toBe(false);
  });
});

describe("a class made of a definition", () => {
  test("has one method per operation, and only of its own", async () => {
    const Toy = define({ operations: { one: read("x", none, z.string()), two: write("x", none, z.string()) } });
    const Other = define({ operations: { three: read("x", none, z.string()) } });
    const toy = new Toy({});
    await toy.connect();
    const methods = toy as unknown as Record<string, (() => Promise<string>) | undefined>;
    expect([await methods["one"]!(), await methods["two"]!()]).toEqual(["one", "two"]);
    expect([methods["three"], Object.hasOwn(Other.prototype, "three")]).toEqual([undefined, true]);
    expect(Object.keys(Toy.prototype)).toEqual([]);
  });

  test("can be extended, and a method overridden", async () => {
    class Louder extends define({ operations: { say: read("x", none, z.string()) } }) {
      async shout(): Promise<string> {
        return `${String(await this.execute("say" as never))}!`;
      }
    }
    const louder = new Louder({});
    await louder.connect();
    expect(await louder.shout()).toBe("say!");
  });

  test("takes no configuration at all where nothing is required", () => {
    const Toy = define() as unknown as new (config?: unknown) => DefinedConnector;
    for (const config of [undefined, null, {}])
      expect(new Toy(config).describe().settings.connection).toEqual({ host: "h" });
  });

  test("refuses a wrong configuration at once, with everything that is wrong", () => {
    const Toy = define();
    const make = (): unknown => new Toy({ hots: "x", timeout: "soon" });
    expect(make).toThrow(expect.objectContaining({ kind: "config_invalid", outcome: "none", connector: "toy" }));
    expect(make).toThrow(/did you mean "host".*timeout: expected milliseconds/);
  });

  test("has streams as methods too", async () => {
    const Toy = defineConnector({
      ...working,
      operations: { count: stream("Counts.", z.strictObject({ to: z.int() }), z.number()) },
      async open() {
        const count = async function* ({ to }: { to: number }) {
          for (let i = 1; i <= to; i++) yield i;
        };
        return { handlers: { count }, ping: async () => {}, close: async () => {} };
      },
    });
    const toy = new Toy({});
    await toy.connect();
    const seen: number[] = [];
    for await (const n of toy.count({ to: 3 })) seen.push(n);
    for await (const batch of toy.stream("count", { to: 2 }).batches()) seen.push(...batch);
    expect(seen).toEqual([1, 2, 3, 1, 2]);
  });
});
