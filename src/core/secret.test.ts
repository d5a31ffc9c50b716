import { inspect, format } from "node:util";
import { describe, expect, test } from "vitest";
import { ConnectorError } from "./errors.ts";
import { redactError, redactor, Secret, secretsIn } from "./secret.ts";

const TEXT = "k4n@rien-vogel/7+ä";
const secret = new Secret(TEXT);
const redact = redactor([secret]);

describe("a secret", () => {
  test.each([
    ["String", () => String(secret)],
    ["a template", () => `${String(secret)}`],
    ["addition", () => "" + (secret as unknown as string)],
    ["JSON", () => JSON.stringify(secret)],
    ["JSON, nested", () => JSON.stringify({ a: [{ password: secret }] })],
    ["inspect", () => inspect(secret)],
    ["inspect, nested", () => inspect({ a: { b: { c: { d: secret } } } }, { depth: 10 })],
    [
      "inspect, all hidden things shown",
      () => inspect({ secret }, { showHidden: true, getters: true, showProxy: true }),
    ],
    ["inspect, without custom printing", () => inspect(secret, { customInspect: false, showHidden: true })],
    ["a Map", () => inspect(new Map([[secret, new Set([secret])]]))],
    ["an error's cause", () => inspect(new Error("x", { cause: { secret } }))],
    ["%s", () => format("%s", secret)],
    ["%o", () => format("%o", { secret })],
    ["%O", () => format("%O", secret)],
    ["%j", () => format("%j", { secret })],
    ["%d", () => format("%d", secret)],
    ["its fields", () => JSON.stringify([Object.entries(secret), Object.getOwnPropertyNames(secret)])],
    ["a structured clone", () => inspect(structuredClone(secret), { showHidden: true })],
    ["a spread", () => inspect({ ...secret })],
    ["toLocaleString", () => secret.toLocaleString()],
    ["concat", () => ["a", secret].join("")],
  ])("does not show through %s", (_, print) => {
    expect(print()).not.toContain(TEXT);
  });

  test("says what it is, and shows its text only to who asks for it", () => {
    expect([String(secret), JSON.stringify({ secret }), inspect({ secret })]).toEqual([
      "[redacted]",
      '{"secret":"[redacted]"}',
      "{ secret: [redacted] }",
    ]);
    expect(secret.reveal()).toBe(TEXT);
  });
});

describe("secrets in a value", () => {
  test("are found wherever they stand, circles included", () => {
    const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map((text) => new Secret(text));
    const circle: Record<string, unknown> = { a };
    circle["self"] = circle;
    const bare = Object.assign(Object.create(null) as object, { e });
    const value = [
      circle,
      { deep: { list: [b, new Map([["c", c]])] } },
      new Set([d]),
      bare,
      null,
      undefined,
      "text",
      7,
    ];
    expect(secretsIn(value)).toEqual([a, b, c, d, e]);
  });
});

describe("a redactor", () => {
  const basic = (text: string): string => Buffer.from(text).toString("base64");

  test.each([
    ["plain", TEXT],
    ["in a sentence", `password "${TEXT}" is wrong`],
    ["twice", `${TEXT}${TEXT}`],
    ["as a component of a URL", encodeURIComponent(TEXT)],
    ["as the password of a URL", Object.assign(new URL("http://user@host"), { password: TEXT }).href],
    ["as a query", new URLSearchParams({ key: TEXT }).toString()],
    ["in JSON", JSON.stringify({ TEXT: `${TEXT}` })],
    ["as Base64", basic(TEXT)],
    ["as URL-safe Base64", Buffer.from(TEXT).toString("base64url")],
    ["as Basic credentials", basic(`u:${TEXT}`)],
    ["as Basic credentials, one further", basic(`us:${TEXT}`)],
    ["as Basic credentials, two further", basic(`use:${TEXT}`)],
    ["in the middle of Base64", basic(`user:${TEXT}\r\nmore`)],
  ])("removes the secret %s", (_, text) => {
    const clean = redact(text);
    expect(clean).toContain("[redacted]");
    for (const whole of [clean, decodeURIComponent(clean)]) expect(whole).not.toContain(TEXT);
    const pieces = clean.split("[redacted]").map((piece) => Buffer.from(piece, "base64").toString("latin1"));
    expect(pieces.join("|")).not.toContain("vogel");
  });

  test("also removes secrets with characters that JSON and forms escape", () => {
    const odd = new Secret('pa"ss\n wörd');
    const clean = redactor([odd]);
    for (const text of [JSON.stringify(odd.reveal()), new URLSearchParams({ a: odd.reveal() }).toString()])
      expect(clean(text)).toContain("[redacted]");
  });

  test("leaves everything else, and secrets too short to search for", () => {
    expect(redact("connection refused")).toBe("connection refused");
    expect(redactor([new Secret("abc")])("abc is an abcissa")).toBe("abc is an abcissa");
    expect(redactor([])("text")).toBe("text");
  });

  test("takes the longest of several secrets that contain each other", () => {
    const clean = redactor([new Secret("pass"), new Secret("password1")]);
    expect(clean("password1 and pass")).toBe("[redacted] and [redacted]");
  });

  test("is made of any text: lone surrogates, nothing but spaces, a megabyte", () => {
    const texts = ["\ud800abcd", "abcd\udfff", "    ", "\0\0\0\0", "x".repeat(1_000_000), "$&$1$$", "%zz%00"];
    for (const text of texts) expect(redactor([new Secret(text)])(`<${text}>`)).toBe("<[redacted]>");
  });
});

describe("an error made presentable", () => {
  const shown = (error: Error): string => inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error);
  const redacted = (error: Error): Error => {
    redactError(error, redact);
    return error;
  };

  test.each([
    ["its message", () => new Error(`bad password ${TEXT}`)],
    ["its own fields", () => Object.assign(new Error("x"), { detail: `password=${TEXT}` })],
    ["its cause", () => new Error("x", { cause: new Error("y", { cause: new Error(`z ${TEXT}`) }) })],
    ["a cause that is text", () => new Error("x", { cause: `text ${TEXT}` })],
    ["a cause that is an object", () => new Error("x", { cause: { options: { headers: [`Bearer ${TEXT}`] } } })],
    ["several errors", () => new AggregateError([new Error(TEXT), { a: TEXT }, TEXT], "many")],
    ["objects on it", () => Object.assign(new Error("x"), { config: { auth: { password: TEXT } } })],
    ["a Map on it", () => Object.assign(new Error("x"), { headers: new Map([["authorization", TEXT]]) })],
    ["a URL on it", () => Object.assign(new Error("x"), { url: new URL(`http://u:${encodeURIComponent(TEXT)}@h/`) })],
    ["a frozen cause", () => new Error("x", { cause: Object.freeze(new Error(TEXT)) })],
    [
      "a circle of causes",
      () => {
        const error = new Error("x");
        error.cause = new Error(TEXT, { cause: error });
        return error;
      },
    ],
    ["a hint", () => new ConnectorError("unauthenticated", "x", { hint: `Is ${TEXT} right?`, code: TEXT })],
  ])("does not show a secret in %s", (_, make) => {
    expect(shown(make())).toContain("vogel");
    expect(shown(redacted(make()))).not.toContain("vogel");
  });

  test("keeps what is clean, and never changes what merely hangs on it", () => {
    const options = { host: "db", password: TEXT };
    const facts = { rows: 3 };
    const cause = Object.assign(new Error("refused"), { code: "28P01", options, facts });
    const error = redacted(new ConnectorError("unauthenticated", `no: ${TEXT}`, { cause }));
    expect(error).toMatchObject({ message: "no: [redacted]", cause: { message: "refused", code: "28P01" } });
    expect(cause.facts).toBe(facts);
    expect(cause.options).toBe("[redacted]");
    expect(options.password).toBe(TEXT);
  });

  test("keeps what cannot show a secret: secrets themselves, bytes, nothing", () => {
    const facts = { secret, bytes: new Uint8Array(4), none: null, missing: undefined, when: new Date(0) };
    const error = redacted(Object.assign(new Error("x"), { facts, secret, cause: secret }));
    expect(error).toMatchObject({ facts, secret, cause: secret });
    expect(shown(error)).toContain("[redacted]");
  });

  test("cleans chains of causes to their end, or cuts them off", () => {
    const chain = Array.from({ length: 12 }).reduce<Error>(
      (cause, _, i) => new Error(`level ${i}`, { cause }),
      new Error(`deepest ${TEXT}`),
    );
    expect(shown(redacted(chain))).not.toContain("vogel");
    expect(shown(chain)).toContain("level 9");
  });

  test("keeps a field as visible as it was", () => {
    const error = redacted(Object.assign(new Error(TEXT, { cause: TEXT }), { detail: TEXT }));
    expect(Object.entries(error)).toEqual([["detail", "[redacted]"]]);
  });

  test("keeps its kind readable for programs, whatever the password is", () => {
    const clean = redactor(["timeout", "unknown", "query"].map((text) => new Secret(text)));
    const error = new ConnectorError("timeout", "timeout", { outcome: "unknown" }).locate("query", "query");
    redactError(error, clean);
    expect(error).toMatchObject({ kind: "timeout", outcome: "unknown", connector: "query" });
    expect(error.message).toContain("[redacted]");
  });

  test("does not take for ever over a huge object", () => {
    const huge = Array.from({ length: 100_000 }, (_, i) => ({ i }));
    const error = Object.assign(new Error("x"), { huge });
    redactError(error, redact);
    expect(error.huge).toBe("[redacted]");
  });
});
