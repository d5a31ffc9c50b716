import { format, inspect } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { secret } from "../config/fields.ts";
import { ConnectorError } from "../core/errors.ts";
import { channels } from "../core/events.ts";
import { read, stream } from "../core/operation.ts";
import { Secret } from "../core/secret.ts";
import { defineConnector } from "./define.ts";

/** Stands for every credential; whatever can be seen from outside must not have it, in no form. */
const CANARY = "k4n@rien/vögel+7";
const FORMS = [
  CANARY,
  "rien/v",
  encodeURIComponent(CANARY),
  Object.assign(new URL("http://h"), { password: CANARY }).password,
  ...[0, 1, 2].map((offset) =>
    Buffer.from(`${"x".repeat(offset)}${CANARY}`)
      .toString("base64")
      .slice(4, -4),
  ),
];

let fail: () => Error;
let seen: string[];
const note = (event: unknown): void => void seen.push(show(event));
const all = Object.values(channels);
beforeEach(() => {
  seen = [];
  for (const channel of all) channel.subscribe(note);
});
afterEach(() => {
  for (const channel of all) channel.unsubscribe(note);
});

/** A value in all the ways in which it may get into a log. */
function show(value: unknown): string {
  const deep = { depth: 8, showHidden: value instanceof Error } as const;
  const own = value instanceof Error ? `${value.message} ${value.stack} ${inspect({ ...value }, deep)}` : "";
  return [
    inspect(value, deep),
    inspect(value),
    format("%s %o %j", value, value, value),
    JSON.stringify(value),
    own,
  ].join("\n");
}

const Vault = defineConnector({
  provider: "vault",
  type: "custom",
  title: "Vault",
  summary: "Keeps a secret.",
  connection: z.strictObject({
    password: secret("Password."),
    nested: z.strictObject({ token: secret("Token.") }).optional(),
  }),
  options: z.strictObject({ keys: z.array(secret("Key.")).optional(), failsToOpen: z.boolean().default(false) }),
  operations: {
    get: read("Reads.", z.strictObject({}), z.unknown()),
    rows: stream("Streams.", z.strictObject({}), z.unknown()),
  },
  async open({ options }) {
    if (options.failsToOpen) throw fail();
    return {
      handlers: {
        get: async () => {
          throw fail();
        },
        rows: async function* () {
          yield 1;
          throw fail();
        },
      },
      ping: async () => {
        throw fail();
      },
      close: async () => {
        throw fail();
      },
    };
  },
  classify: (error) =>
    (error as { code?: string }).code === "28P01"
      ? { kind: "unauthenticated", hint: `Is ${CANARY} right?` }
      : undefined,
});

const ERRORS: readonly (readonly [string, () => Error])[] = [
  ["its message", () => new Error(`password "${CANARY}" is wrong`)],
  ["its message, encoded", () => new Error(`GET http://u:${encodeURIComponent(CANARY)}@host/ failed`)],
  ["its message, as Basic credentials", () => new Error(`Basic ${Buffer.from(`user:${CANARY}`).toString("base64")}`)],
  ["its cause", () => new Error("outer", { cause: new Error(`inner ${CANARY}`) })],
  [
    "what hangs on it",
    () => Object.assign(new Error("x"), { config: { headers: { authorization: `Bearer ${CANARY}` } } }),
  ],
  ["several", () => new AggregateError([new Error(CANARY)], "many")],
  ["a hint", () => Object.assign(new Error("x"), { code: "28P01" })],
  ["a ConnectorError", () => new ConnectorError("unavailable", `at ${CANARY}`, { code: CANARY, cause: { CANARY } })],
];

test.each(ERRORS)("no error, event or health shows a secret that the driver put into %s", async (_, make) => {
  fail = make;
  const config = { password: CANARY, nested: { token: CANARY }, keys: [CANARY], retryAttempts: 2, retry: { delay: 0 } };
  const vault = new Vault(config);
  seen.push(show(await new Vault({ ...config, failsToOpen: true }).connect().catch((error: unknown) => error)));
  await vault.connect();
  seen.push(show(await vault.get().catch((error: unknown) => error)));
  const items = vault.rows();
  await items.next();
  seen.push(show(await items.next().catch((error: unknown) => error)));
  seen.push(show(await vault.healthCheck()));
  seen.push(show(await vault.disconnect().catch((error: unknown) => error)));
  // The canary sings: the errors themselves do carry it.
  expect(FORMS.some((form) => show(make()).includes(form)) || make().message === "x").toBe(true);
  expect(seen.length).toBeGreaterThan(8);
  for (const text of seen) for (const form of FORMS) expect(text).not.toContain(form);
});

test("neither the connector nor its description shows a secret", async () => {
  const vault = new Vault({ password: CANARY, nested: { token: new Secret(CANARY) }, keys: [CANARY] });
  await vault.connect();
  for (const value of [vault, vault.describe(), vault.describe().settings, [vault], { vault }, Vault.definition])
    for (const form of FORMS) expect(show(value)).not.toContain(form);
  expect(show(vault.describe())).toContain("[redacted]");
});

test("a configuration that is refused does not show its secrets", () => {
  for (const config of [
    { password: [CANARY] },
    { password: CANARY, nested: CANARY },
    { password: CANARY, keys: CANARY },
    { password: CANARY, timeout: CANARY },
    { password: CANARY, [`x`]: CANARY },
    CANARY,
  ]) {
    let refusal: unknown;
    try {
      new Vault(config as never);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ kind: "config_invalid" });
    for (const form of FORMS) expect(show(refusal)).not.toContain(form);
  }
});
