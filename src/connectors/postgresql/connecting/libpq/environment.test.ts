import { describe, expect, test } from "vitest";
import { readEnvironment } from "./environment.ts";

describe("PG* variables", () => {
  test("say what libpq reads in them", () => {
    const said = readEnvironment({
      ...{ PGHOST: "h1,/run/pg", PGPORT: "1,2", PGDATABASE: "app", PGUSER: "ada", PGPASSWORD: "hush" },
      ...{ PGSSLMODE: "verify-full", PGSSLROOTCERT: "/ca", PGSSLCERT: "/c", PGSSLKEY: "/k", PGPASSFILE: "/p" },
      ...{ PGAPPNAME: "shop", PGTARGETSESSIONATTRS: "any", PGCHANNELBINDING: "prefer", PGCONNECT_TIMEOUT: "3" },
      ...{ HOME: "/root", PGDATA: "/var/lib", PGTZ: "UTC" },
    });
    expect(JSON.parse(JSON.stringify(said))).toEqual({
      ...{ hosts: ["h1", "/run/pg"], ports: [1, 2], database: "app", username: "ada", password: "[redacted]" },
      tls: { mode: "verify-full", ca: "/ca", cert: "/c", key: "/k" },
      ...{ passfile: "/p", applicationName: "shop", targetSessionAttrs: "any", channelBinding: "prefer" },
      connectTimeoutMs: 3_000,
    });
  });

  test("that are empty are not set", () => {
    expect(readEnvironment({ PGHOST: "", PGSSLMODE: "", PGSERVICE: "", PATH: "/bin" })).toEqual({});
  });

  test.each([
    ["PGPORT", "zero", "finds PGPORT, which must be a number from 1 to 65535"],
    ["PGSSLMODE", "prefer", "finds PGSSLMODE, which must not be prefer or allow"],
    ["PGCHANNELBINDING", "zero", "finds PGCHANNELBINDING, which must be one of"],
    ["PGSERVICE", "zero", "finds PGSERVICE, which is not understood; unset it"],
    ["PGREQUIREAUTH", "zero", "finds PGREQUIREAUTH, which is not understood; unset it"],
    ["PGOPTIONS", "zero", "finds PGOPTIONS, which is not understood; unset it"],
  ])("%s=%s is refused without its value", (name, value, problem) => {
    const said = readEnvironment({ [name]: value });
    expect(said).toEqual(expect.stringContaining(problem));
    expect(said).not.toContain("zero");
  });
});
