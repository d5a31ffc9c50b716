import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Secret } from "../core/secret.ts";
import { bytes, checkPoolSize, duration, parseDuration, pool, poolSize, port, secret, tls } from "./fields.ts";

describe("a duration", () => {
  const field = duration("A wait.");

  test.each([
    [0, 0],
    [1.5, 1.5],
    ["250ms", 250],
    ["30s", 30_000],
    ["1.5s", 1_500],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["0s", 0],
  ])("%j is %d ms", (text, ms) => {
    expect([field.parse(text), parseDuration(text)]).toEqual([ms, ms]);
  });

  test.each(["", "s", "30", "30 s", "-1s", "1e3s", "30S", "five", "1.s", "1w", -1, NaN, Infinity, null, true, [], {}])(
    "%j is none",
    (text) => {
      expect(field.safeParse(text).success).toBe(false);
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  test("says what it takes, where it is described and where it is refused", () => {
    expect(field.meta()?.description).toBe('A wait. Milliseconds, or text like "30s".');
    expect(field.safeParse("soon").error?.issues[0]?.message).toContain('expected milliseconds or text like "30s"');
  });
});

describe("bytes", () => {
  const field = bytes("A size.");

  test.each([
    [0, 0],
    [1_024, 1_024],
    ["1B", 1],
    ["1KB", 1_000],
    ["1KiB", 1_024],
    ["1.5KiB", 1_536],
    ["10MB", 10_000_000],
    ["10MiB", 10_485_760],
    ["2GB", 2_000_000_000],
    ["1GiB", 1_073_741_824],
    ["1.9B", 1],
  ])("%j is %d", (text, size) => {
    expect(field.parse(text)).toBe(size);
  });

  test.each(["", "10", "10 MB", "10mb", "-1KB", "1TB", "MB", 1.5, -1, null, NaN])("%j is none", (text) => {
    expect(field.safeParse(text).success).toBe(false);
  });
});

describe("a secret", () => {
  test("takes text or a secret, and gives a secret", () => {
    const given = new Secret("x");
    expect(secret("Token.").parse("hunter2").reveal()).toBe("hunter2");
    expect(secret("Token.").parse(given)).toBe(given);
    expect(secret("Token.").meta()).toEqual({ description: "Token.", secret: true });
  });

  test.each([7, null, undefined, {}, ["hunter2"], { hunter2: 1 }])(
    "is not %j, and a refusal does not show what was found",
    (value) => {
      const result = secret("Token.").safeParse(value);
      expect(result.error?.issues[0]?.message).toBe("expected text");
      expect(JSON.stringify(result.error?.issues)).not.toContain("hunter2");
    },
  );

  test("is not empty", () => {
    expect(secret("Token.").safeParse("").success).toBe(false);
  });
});

test("a port has the system's standard as its default, and is a port", () => {
  const field = port(5432);
  expect([field.parse(undefined), field.parse(1), field.parse(65_535)]).toEqual([5432, 1, 65_535]);
  for (const wrong of [0, 65_536, 1.5, "5432", null]) expect(field.safeParse(wrong).success).toBe(false);
});

describe("TLS", () => {
  test.each([true, false, "disable", "require", "verify-full"])("may be %j", (value) => {
    expect(tls.parse(value)).toBe(value);
  });

  test("in detail verifies by default, and keeps the key a secret", () => {
    expect(tls.parse({})).toEqual({ mode: "verify-full" });
    const { key } = tls.parse({ ca: "PEM", cert: "PEM", key: "PEM", servername: "db" }) as { key: Secret };
    expect(key).toBeInstanceOf(Secret);
  });

  test.each(["prefer", "", 1, { mode: "disable" }, { verify: false }, { ca: 7 }, null])("may not be %j", (value) => {
    expect(tls.safeParse(value).success).toBe(false);
  });
});

describe("a pool", () => {
  const Options = z.strictObject(pool).superRefine(checkPoolSize);

  test("has the defaults that are promised", () => {
    expect(Options.parse({})).toEqual({ connectionTimeout: 5_000, idleTimeout: 300_000 });
    expect(poolSize({})).toBe(10);
  });

  test("has a size with two names, which must not differ", () => {
    expect(poolSize(Options.parse({ maxConnections: 20 }))).toBe(20);
    expect(poolSize(Options.parse({ poolSize: 20 }))).toBe(20);
    expect(poolSize(Options.parse({ poolSize: 20, maxConnections: 20 }))).toBe(20);
    expect(Options.safeParse({ poolSize: 1, maxConnections: 2 }).error?.issues).toMatchObject([
      { path: ["poolSize"], message: expect.stringContaining("keep one") },
    ]);
  });

  test.each([{ maxConnections: 0 }, { poolSize: 1.5 }, { idleTimeout: "soon" }, { connectionTimeout: -1 }])(
    "refuses %j",
    (wrong) => {
      expect(Options.safeParse(wrong).success).toBe(false);
    },
  );
});
