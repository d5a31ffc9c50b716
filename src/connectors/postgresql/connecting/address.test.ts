import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../../core/clock.ts";
import { options } from "../config.ts";
import { addressOf } from "./address.ts";
import { connection } from "./fields.ts";
import { targetOf } from "./target.ts";

const variables = { ...process.env };
afterEach(() => void (process.env = { ...variables }));

const read = (written: object, environment: Record<string, string> = {}): ReturnType<typeof addressOf> => {
  Object.assign(process.env, environment);
  return addressOf(connection.parse(written));
};
const problems = (written: object, environment: Record<string, string> = {}): string[] => {
  Object.assign(process.env, environment);
  return connection.safeParse(written).error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`) ?? [];
};
const who = { database: "app", username: "ada" };

describe("fields, URL and variables make one address", () => {
  test("with localhost, the port of PostgreSQL and no TLS unless said", () => {
    expect(read(who)).toEqual({
      ...who,
      places: [{ host: "localhost", port: 5432 }],
      password: undefined,
      passfile: undefined,
      ssl: false,
      channelBinding: "prefer",
    });
  });

  test("variables are not looked at unless that is asked for", () => {
    const environment = { PGHOST: "h", PGPASSWORD: "hush", PGPORT: "nonsense", PGSSLMODE: "require" };
    for (const written of [who, { ...who, fromEnvironment: false }])
      expect(read(written, environment)).toMatchObject({ places: [{ host: "localhost", port: 5432 }], ssl: false });
    expect(read(who, environment).password).toBeUndefined();
  });

  test("variables fill what neither field nor URL says", () => {
    const environment = { PGHOST: "h1,h2", PGPORT: "6000", PGUSER: "eve", PGDATABASE: "other", PGPASSWORD: "hush" };
    const filled = read({ fromEnvironment: true }, environment);
    expect(filled).toMatchObject({
      ...{ database: "other", username: "eve", passfile: "" },
      places: [
        { host: "h1", port: 6000 },
        { host: "h2", port: 6000 },
      ],
    });
    expect(filled.password?.reveal()).toBe("hush");
    expect(read({ ...who, host: "mine", fromEnvironment: true }, environment)).toMatchObject({
      ...who,
      places: [{ host: "mine", port: 6000 }],
    });
    const url = "postgresql://ada:own@theirs:1/app";
    expect(read({ url, fromEnvironment: true }, environment)).toMatchObject({
      ...who,
      places: [{ host: "theirs", port: 1 }],
    });
    expect(read({ url: "postgresql:///app", fromEnvironment: true }, environment)).toMatchObject({ username: "eve" });
  });

  test("TLS is as safe as it was said to be, or safer", () => {
    const at = (query: string): unknown => read({ url: `postgresql://ada@h/app?${query}` }).ssl;
    expect(at("sslmode=disable&sslrootcert=/ca")).toBe(false);
    expect(at("sslmode=require")).toMatchObject({ mode: "require", ca: undefined });
    expect(at("sslmode=require&sslrootcert=/ca")).toMatchObject({ mode: "verify-ca", ca: { file: "/ca" } });
    expect(at("sslmode=verify-full&sslrootcert=system")).toMatchObject({ mode: "verify-full", ca: undefined });
    const url = "postgresql://ada@h/app?sslmode=verify-full";
    expect(read({ url, fromEnvironment: true }, { PGSSLMODE: "require", PGSSLROOTCERT: "/ca" }).ssl).toMatchObject({
      mode: "verify-full",
      ca: { file: "/ca" },
    });
    expect(read({ ...who, ssl: true, fromEnvironment: true }, { PGSSLMODE: "disable" }).ssl).toEqual({
      mode: "verify-full",
    });
  });

  test("further servers may stand beside a URL with one", () => {
    const url = "postgresql://ada@h1:1/app";
    expect(read({ url, standbys: ["h2:2", "[::1]"] }).places).toEqual([
      { host: "h1", port: 1 },
      { host: "h2", port: 2 },
      { host: "::1", port: 5432 },
    ]);
  });

  test("a password may stand beside a URL that has none", () => {
    expect(read({ url: "postgresql://ada@h/app", password: "hush" }).password?.reveal()).toBe("hush");
  });
});

test("connect_timeout is for each server, connectionTimeout for all of them", () => {
  const limit = (query: string, more: object = {}): number => {
    const written = connection.parse({ url: `postgresql://ada@h1,h2/app?${query}` });
    return targetOf(written, options.parse(more), systemClock).connectTimeoutMs;
  };
  expect(limit("connect_timeout=3")).toBe(6_000);
  expect(limit("connect_timeout=0")).toBe(0);
  expect(limit("")).toBe(5_000);
  expect(limit("", { connectionTimeout: "8s" })).toBe(8_000);
  Object.assign(process.env, { PGCONNECT_TIMEOUT: "3" });
  const written = connection.parse({ ...who, fromEnvironment: true });
  expect(targetOf(written, options.parse({ connectionTimeout: 800 }), systemClock).connectTimeoutMs).toBe(800);
});

describe("what makes no address is refused", () => {
  const url = "postgresql://ada:hush@h1,h2/app?sslmode=verify-full&channel_binding=require";

  test("what stands in the URL already", () => {
    const twice = { ...who, host: "h", port: 1, password: "x", ssl: true, channelBinding: "prefer", standbys: ["h3"] };
    expect(problems({ ...twice, url }).sort()).toEqual([
      "channelBinding stands in `url` already; say it once",
      "database stands in `url` already; say it once",
      "host stands in `url` already; say it once",
      "password stands in `url` already; say it once",
      "port stands in `url` already; say it once",
      "ssl stands in `url` already, as `sslmode`; say it once",
      "standbys stands in `url` already; say it once",
      "username stands in `url` already; say it once",
    ]);
  });

  test("a user or a database that nothing names", () => {
    expect(problems({})).toEqual([
      "database is missing; expected text, or a `url` that says it",
      "username is missing; expected text, or a `url` that says it",
    ]);
    expect(problems({ url: "postgresql://h" })).toEqual(["url must name a user and a database"]);
    expect(problems({ url: "postgresql://h", ...who })).toEqual([]);
    expect(problems({ fromEnvironment: true }, { PGUSER: "ada" })).toEqual([
      "database is missing; PGDATABASE does not say it either",
    ]);
  });

  test("files for TLS without TLS, and half of a client certificate", () => {
    expect(problems({ ...who, fromEnvironment: true }, { PGSSLROOTCERT: "/ca" })).toEqual([
      expect.stringMatching(/^fromEnvironment names files for TLS and no sslmode/),
    ]);
    const half = "postgresql://ada@h/app?sslmode=require&sslcert=/c";
    expect(problems({ url: half })).toEqual(["url must name sslcert and sslkey together"]);
    const weak = "postgresql://ada@h/app?sslmode=require&sslrootcert=system";
    expect(problems({ url: weak })).toEqual([expect.stringContaining("url must say sslmode verify-full")]);
  });

  test("another number of ports than of hosts", () => {
    const message = "must have one port, or as many ports as there are hosts";
    expect(problems({ ...who, host: "h", fromEnvironment: true }, { PGPORT: "1,2" })).toEqual([
      `fromEnvironment ${message}`,
    ]);
    expect(problems({ url: "postgresql:///app?user=ada&host=h1,h2,h3&port=1,2" })).toEqual([`url ${message}`]);
  });

  test("channel binding that is required without TLS", () => {
    for (const written of [
      { ...who, channelBinding: "require" },
      { ...who, channelBinding: "require", ssl: "disable" },
      { url: "postgresql://ada@h/app?channel_binding=require" },
    ])
      expect(problems(written)).toEqual([expect.stringContaining("needs TLS")]);
  });
});

test("secrets of URL and variables stay secrets", () => {
  Object.assign(process.env, { PGPASSWORD: "from-the-environment" });
  const parsed = connection.parse({
    url: "postgresql://ada@h/app?sslmode=require&sslpassword=sesame",
    fromEnvironment: true,
  });
  const shown = JSON.stringify(parsed);
  for (const hidden of ["from-the-environment", "sesame", "postgresql://"]) expect(shown).not.toContain(hidden);
});
