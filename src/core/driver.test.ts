import { describe, expect, test } from "vitest";
import { loadDriver } from "./driver.ts";

const notFound = (name: string): Error =>
  Object.assign(new Error(`Cannot find package '${name}' imported from /app/index.js`), {
    code: "ERR_MODULE_NOT_FOUND",
  });
const failing = (error: unknown) => () => Promise.reject(error);

describe("a driver", () => {
  test("is what its import brings", async () => {
    expect(await loadDriver("zod", () => import("zod"))).toHaveProperty("object");
  });

  test("that is not installed is named with the command that installs it", async () => {
    const cause = notFound("pg");
    await expect(loadDriver("pg", failing(cause))).rejects.toMatchObject({
      kind: "config_invalid",
      message: 'The driver "pg" is not installed',
      hint: "npm i pg",
      outcome: "none",
      cause,
    });
  });

  test("that is really not installed is noticed", async () => {
    const name = "@busbar-tests/no-such-driver";
    await expect(loadDriver(name, () => import(/* @vite-ignore */ name) as Promise<unknown>)).rejects.toMatchObject({
      kind: "config_invalid",
      hint: `npm i ${name}`,
    });
  });

  test.each([
    ["a package that the driver itself needs is missing", notFound("pg-protocol")],
    ["another package of a like name is missing", notFound("pg-pool")],
    ["it breaks while it loads", new SyntaxError("Unexpected token")],
  ])("fails as it is where %s", async (_, error) => {
    await expect(loadDriver("pg", failing(error))).rejects.toBe(error);
  });
});
