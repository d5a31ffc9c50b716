import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Secret } from "../../core/secret.ts";
import { addressFields, addressOf } from "./address.ts";

const SYSTEM = { port: 5432, schemes: ["postgresql", "postgres"] };
const fields = addressFields(SYSTEM);
const read = (written: unknown) => addressOf(fields.parse(written), SYSTEM);
const problems = (written: unknown): string[] =>
  fields.safeParse(written).error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`) ?? [];

describe("the address of a database", () => {
  test("is told by fields, host and port by default", () => {
    expect(read({ database: "app", username: "ada" })).toEqual({
      host: "localhost",
      port: 5432,
      database: "app",
      username: "ada",
      password: undefined,
      ssl: false,
    });
  });

  test("is told by one URL", () => {
    const { password, ...rest } = read({
      url: "postgres://ad%61:p%40ss%2F@db.example:6000/my%20app?sslmode=verify-full",
    });
    expect(rest).toEqual({
      host: "db.example",
      port: 6000,
      database: "my app",
      username: "ada",
      ssl: "verify-full",
    });
    expect(password?.reveal()).toBe("p@ss/");
    expect(read({ url: "postgresql://ada@[::1]/app" })).toMatchObject({ host: "::1", port: 5432, ssl: false });
    expect(read({ url: "postgresql://ada@h/app", ssl: true })).toMatchObject({ host: "h", ssl: true });
  });

  test("takes any password in its URL, percent-encoded, and never shows it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (password) => {
        const parsed = fields.parse({ url: `postgresql://ada:${encodeURIComponent(password)}@h/app` });
        expect(addressOf(parsed, SYSTEM).password?.reveal()).toBe(password);
        expect(JSON.stringify(parsed)).toBe(
          JSON.stringify({
            url: { host: "h", database: "app", username: "ada", password: "[redacted]", text: "[redacted]" },
          }),
        );
        expect(inspect(parsed)).toContain("[redacted]");
      }),
    );
  });

  test("is not said twice", () => {
    const url = "postgresql://ada:secret@h/app?sslmode=require";
    expect(problems({ url, host: "h", port: 1, password: "x", ssl: true })).toEqual([
      "host stands in `url` already; say it once",
      "port stands in `url` already; say it once",
      "password stands in `url` already; say it once",
      "ssl stands in `url` already, as `sslmode`; say it once",
    ]);
  });

  test("is complete", () => {
    expect(problems({ host: "h" })).toEqual([
      expect.stringContaining("database is missing"),
      expect.stringContaining("username is missing"),
    ]);
  });

  test.each([
    ["nonsense", "is not a URL"],
    ["postgresql://ada:p#ss@h/app", "is not a URL; characters such as #, / and @ in the password"],
    ["mysql://ada@h/app", "must begin with postgresql://"],
    ["postgresql://h/app", "must name a user and a database"],
    ["postgresql://ada@h", "must name a user and a database"],
    ["postgresql://ada@h/app?sslmode=prefer", "must have an sslmode of disable, require, verify-full"],
    ["postgresql://ada@h/app?options=-cfoo", "has a parameter that is not understood"],
    ["postgresql://ada:%ff@h/app", "has a % that is no percent-encoding"],
  ])("is refused with what is wrong, without repeating it: %s", (url, message) => {
    const [problem, ...others] = problems({ url });
    expect(problem).toContain(`url ${message}`);
    expect(problem).not.toContain("ada");
    expect(others).toEqual([]);
  });

  test("hands its secrets on as secrets", () => {
    const { url } = fields.parse({ url: new Secret("postgresql://ada:pw@h/app") });
    expect(url?.password).toBeInstanceOf(Secret);
    expect(url?.text).toBeInstanceOf(Secret);
  });
});
