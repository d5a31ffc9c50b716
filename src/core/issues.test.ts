import { describe, expect, test } from "vitest";
import { z } from "zod";
import { bytes, duration, pool, secret, tls } from "../config/fields.ts";
import { problemsIn } from "./issues.ts";

const said = (schema: z.ZodType, value: unknown): string[] => {
  const result = schema.safeParse(value, { reportInput: false });
  if (result.success) return [];
  return problemsIn(result.error, schema, value).map(({ path, message }) => `${path.join(".")}: ${message}`);
};

describe("a problem says what was found and what is allowed", () => {
  const port = z.strictObject({ port: z.int().min(1).max(65_535), host: z.string().min(1) });

  test.each([
    [{ host: "h", port: "5432" }, "port: expected a number, found text; remove the quotes"],
    [{ host: "h", port: "abc" }, "port: expected a number, found text"],
    [{ host: "h", port: 1.5 }, "port: expected a whole number, found a number"],
    [{ host: "h", port: 0 }, "port: must be at least 1"],
    [{ host: "h", port: 70_000 }, "port: must be at most 65535"],
    [{ host: 12_345, port: 1 }, "host: expected text, found a number; put it in quotes"],
    [{ host: "", port: 1 }, "host: must not be empty"],
    [{ host: null, port: 1 }, "host: expected text, found nothing"],
    [{ port: 1 }, "host: is missing; expected text"],
    [{ host: "h", port: 1, hots: 2 }, 'hots: unknown name "hots"; did you mean "host"?; allowed: host, port'],
    [[], ": expected a map, found a list"],
  ])("%j", (value, message) => {
    expect(said(port, value)).toEqual([message]);
  });

  test("a list of allowed texts, with the nearest", () => {
    const access = z.strictObject({ access: z.enum(["read-only", "read-write"]) });
    expect(said(access, { access: "read-olny" })).toEqual([
      'access: expected "read-only" or "read-write", found "read-olny"; did you mean "read-only"?',
    ]);
    expect(said(access, { access: "Tr0ub4dor" })).toEqual(['access: expected "read-only" or "read-write", found text']);
  });

  test("the shared fields", () => {
    const fields = z.strictObject({ wait: duration("w"), size: bytes("s"), key: secret("k"), ...pool });
    expect(said(fields, { wait: "30 parsecs", size: "x", key: 12_345, maxConnections: "5" })).toEqual([
      'wait: expected milliseconds or text like "30s" (ms, s, m, h, d), found text',
      'size: expected bytes or text like "10MiB" (B, KB, MB, GB, KiB, MiB, GiB), found text',
      "key: expected text, found a number; put it in quotes",
      "maxConnections: expected a number, found text; remove the quotes",
    ]);
  });
});

describe("a union", () => {
  const ssl = z.strictObject({ ssl: tls });

  test("tells what each of its branches takes", () => {
    expect(said(ssl, { ssl: "verify-ful" })).toEqual([
      'ssl: expected true or false, or "disable", "require" or "verify-full", or a map, found "verify-ful"; did you mean "verify-full"?',
    ]);
  });

  test("is told from inside where only one branch can be meant", () => {
    expect(said(ssl, { ssl: { mod: "require" } })).toEqual([
      'ssl.mod: unknown name "mod"; did you mean "mode"?; allowed: ca, cert, key, mode, passphrase, servername',
    ]);
    expect(said(ssl, { ssl: { mode: "off", ca: 1 } })).toEqual([
      'ssl.mode: expected "require" or "verify-full", found text',
      "ssl.ca: expected text, found a number; put it in quotes",
    ]);
  });

  test("of a union and a map is told from inside the map where a map was meant", () => {
    const kept = z.strictObject({
      get: z.union([
        duration("w").transform(() => 1),
        z.strictObject({ ttl: duration("w"), tags: z.array(z.string()) }),
      ]),
    });
    expect(said(kept, { get: { ttl: "1m", tags: "a" } })).toEqual(["get.tags: expected a list, found text"]);
    expect(said(kept, { get: { ttl: "soon", tags: [] } })).toEqual([
      'get.ttl: expected milliseconds or text like "30s" (ms, s, m, h, d), found text',
    ]);
    expect(said(kept, { get: [] })).toEqual([
      'get: expected milliseconds or text like "30s" (ms, s, m, h, d), or a map, found a list',
    ]);
    expect(said(kept, { get: "soon" })).toEqual([
      'get: expected milliseconds or text like "30s" (ms, s, m, h, d), or a map, found text',
    ]);
  });

  test("with a discriminator names its values, and inside it the names of the branch that it picks", () => {
    const auth = z.strictObject({
      auth: z
        .discriminatedUnion("scheme", [
          z.strictObject({ scheme: z.literal("bearer"), token: z.string() }),
          z.strictObject({ scheme: z.literal("basic"), username: z.string(), password: z.string() }),
        ])
        .optional(),
    });
    expect(said(auth, { auth: { scheme: "baisc" } })).toEqual([
      'auth.scheme: expected "bearer" or "basic", found "baisc"; did you mean "basic"?',
    ]);
    expect(said(auth, { auth: {} })).toEqual(['auth.scheme: is missing; expected "bearer" or "basic"']);
    expect(said(auth, { auth: { scheme: "basic", usrname: "a", password: "p" } })).toEqual([
      "auth.username: is missing; expected text",
      'auth.usrname: unknown name "usrname"; did you mean "username"?; allowed: password, scheme, username',
    ]);
  });
});

test("an author's own words stay", () => {
  const even = z.strictObject({ n: z.int().refine((n) => n % 2 === 0, "must be even") });
  expect(said(even, { n: 3 })).toEqual(["n: must be even"]);
  expect(said(z.strictObject({ a: z.string({ error: "name it" }) }), { a: 1 })).toEqual(["a: name it"]);
  expect(said(z.strictObject({ a: z.string({ error: "name it" }) }), {})).toEqual(["a: name it"]);
});

test("a problem tells which sorts of value would be taken instead of the text", () => {
  const schema = z.strictObject({ n: z.int(), flag: z.boolean(), wait: duration("w"), name: z.string() });
  const value = { n: "1", flag: "true", wait: "5", name: "x" };
  const result = schema.safeParse(value);
  const wants = problemsIn(result.error!, schema, value).map((problem) => [problem.path[0], problem.wants]);
  expect(wants).toEqual([
    ["n", ["number"]],
    ["flag", ["boolean"]],
    ["wait", ["number"]],
  ]);
});
