import { describe, expect, test } from "vitest";
import { z } from "zod";
import { secret } from "../config/fields.ts";
import type { Definition } from "../core/definition.ts";
import { parseSettings, settingsOf } from "./settings.ts";

const definition = {
  provider: "toy",
  type: "custom",
  title: "Toy",
  summary: "A toy.",
  connection: z.strictObject({ host: z.string(), password: secret("Password.") }),
  options: z.strictObject({ maxConnections: z.int().default(10) }),
  operations: {},
} as unknown as Definition;

describe("a flat configuration", () => {
  test("is told everything that is wrong with it at once, with the nearest name of all", () => {
    const load = (): unknown => settingsOf(definition, { hots: "h", password: "tops3cret", timeout: "soon" });
    expect(load).toThrow(expect.objectContaining({ kind: "config_invalid" }));
    expect(load).toThrow("Invalid configuration of Toy: host: is missing; expected text; ");
    expect(load).toThrow(
      / hots: unknown name "hots"; did you mean "host"\?; allowed: .*host, .*maxConnections, password, /,
    );
    expect(load).toThrow(/; timeout: expected milliseconds or text like "30s" .*, found text$/);
  });

  test.each([["postgres://u:tops3cret@h"], [7], [[]]])("that is no map is refused without showing it: %j", (flat) => {
    const load = (): unknown => settingsOf(definition, flat as unknown as Record<string, unknown>);
    expect(load).toThrow(/^Invalid configuration of Toy: expected a map, found (text|a number|a list)$/);
  });

  test("that breaks a rule about the whole is told the rule, and no empty place", () => {
    const ruled = { ...definition, connection: definition.connection.refine(() => false, "lacks a key or a password") };
    const load = (): unknown => settingsOf(ruled, { host: "h", password: "p" });
    expect(load).toThrow("Invalid configuration of Toy: lacks a key or a password");
  });

  test("is fixed once it is parsed", () => {
    const settings = settingsOf(definition, { host: "h", password: "p" });
    for (const half of [settings, settings.connection, settings.options, settings.policies])
      expect(Object.isFrozen(half)).toBe(true);
  });

  test("treats a field set to undefined as left out, and a field named __proto__ as any other", () => {
    expect(settingsOf(definition, { host: "h", password: "p", maxConnections: undefined }).options).toEqual({
      maxConnections: 10,
    });
    const flat = JSON.parse('{"host":"h","password":"p","__proto__":{"timeout":5}}') as Record<string, unknown>;
    expect(() => settingsOf(definition, flat)).toThrow('__proto__: unknown name "__proto__"');
  });

  test("gives settings with their defaults", () => {
    expect(settingsOf(definition, { host: "h", password: "p" })).toMatchObject({
      connection: { host: "h" },
      options: { maxConnections: 10 },
      policies: { timeout: 30_000 },
    });
  });
});

test("a name in the wrong half is sent to the right one", () => {
  const result = parseSettings(definition, {
    connection: { host: "h", password: "p", timeout: 5, atemptTimeout: 5 },
    options: { host: "h" },
  });
  expect("problems" in result && result.problems.map(({ path, message }) => [path.join("."), message])).toEqual([
    ["connection.timeout", 'belongs under "options", not under "connection"'],
    ["connection.atemptTimeout", 'unknown name "atemptTimeout"; did you mean "attemptTimeout", under "options"?'],
    ["options.host", 'belongs under "connection", not under "options"'],
  ]);
});

test.each([[[]], ["text"], [7]])("options that are not a map: %j", (options) => {
  const result = parseSettings(definition, { connection: { host: "h", password: "p" }, options });
  expect("problems" in result && result.problems[0]!.message).toMatch(/^expected a map, found /);
});
