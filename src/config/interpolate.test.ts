import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { interpolate, type Lookup } from "./interpolate.ts";

const variables: Readonly<Record<string, string>> = { U: "ada", P: "p:w/d", H: "db.example", EMPTY: "", X: "${U}" };
const files: Readonly<Record<string, string>> = {
  "/run/secrets/db": "s3cret\n",
  crlf: "a\r\n",
  two: "a\n\n",
  "ada.key": "k",
};
const lookup: Lookup = {
  variable: (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined),
  file: async (path) => (Object.hasOwn(files, path) ? { text: files[path]! } : { problem: "does not exist" }),
};
const expand = async (text: string): Promise<unknown> => {
  const result = await interpolate(text, lookup);
  return "text" in result ? result.text : result.problems.map(({ at, message }) => `${at}: ${message}`);
};

describe("a text", () => {
  test.each([
    ["${U}", "ada"],
    ["postgres://${U}:${P}@${H}/app", "postgres://ada:p:w/d@db.example/app"],
    ["${NONE:-fallback}", "fallback"],
    ["${NONE:-http://h:80/a?b=:-c}", "http://h:80/a?b=:-c"],
    ["${NONE:-}", ""],
    ["${U:-fallback}", "ada"],
    ["${U:?must be set}", "ada"],
    ["${EMPTY}", ""],
    ["${EMPTY:-fallback}", "fallback"],
    ["${NONE:-${U}@${H}}", "ada@db.example"],
    ["${NONE:-${NOR:-${U}}}", "ada"],
    ['${NONE:-{"a":{"b":1}}}', '{"a":{"b":1}}'],
    ["$${literal}", "${literal}"],
    ["$${a ${U}}", "${a ada}"],
    ["${NONE:-$${U}}", "${U}"],
    ["${X}", "${U}"],
    ["$U $ $$ $1 } { {}", "$U $ $$ $1 } { {}"],
    ["", ""],
    ["${file:/run/secrets/db}", "s3cret"],
    ["${file:crlf}", "a"],
    ["${file:two}", "a\n"],
    ["${file:${U}.key}", "k"],
    ["${NONE:-${file:/run/secrets/db}}", "s3cret"],
    ["${U:-${NONE}}", "ada"],
  ])("%s is %s", async (text, expected) => {
    expect(await expand(text)).toBe(expected);
  });
});

describe("what is wrong is told with its place", () => {
  const malformed =
    "malformed ${…}; allowed: ${NAME}, ${NAME:-default}, ${NAME:?message}, ${file:PATH} and $${ for a literal ${";
  test.each([
    ["a ${NONE} b ${NOR}", ["2: variable NONE is not set", "12: variable NOR is not set"]],
    ["${NONE:?put it into .env}", ["0: variable NONE is not set: put it into .env"]],
    ["${EMPTY:?fill it}", ["0: variable EMPTY is empty: fill it"]],
    ["${NONE:?}", ["0: variable NONE is not set"]],
    ["${NONE:-${NOR}}", ["8: variable NOR is not set"]],
    ["ab${U", ["2: ${ is not closed by }"]],
    ["${NONE:-a{b}", ["0: ${ is not closed by }"]],
    ["x ${", [`2: ${malformed}`]],
    ["${}", [`0: ${malformed}`]],
    ["${1A}", [`0: ${malformed}`]],
    ["${ U }", [`0: ${malformed}`]],
    ["${U:+alternative}", [`0: ${malformed}`]],
    ["${U-default}", [`0: ${malformed}`]],
    ["${vault:secret/db}", [`0: ${malformed}`]],
    ["${file:gone}", ["0: file gone: does not exist"]],
    ["${file:}", ["0: file : has no name"]],
    ["${file:${NONE}}", ["7: variable NONE is not set"]],
    ["${__proto__}", ["0: variable __proto__ is not set"]],
  ])("%s", async (text, expected) => {
    expect(await expand(text)).toEqual(expected);
  });

  test("a message after :? is shown as it is written, so that it cannot carry a value", async () => {
    expect(await expand("${NONE:?needs ${P}}")).toEqual(["0: variable NONE is not set: needs ${P}"]);
  });

  test("nesting without end is refused, not followed", async () => {
    const result = await expand("${A:-".repeat(100_000));
    expect(result).toEqual([expect.stringMatching(/nested deeper than 20 levels/)]);
  });
});

describe("whatever the text and the values", () => {
  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
  const plain = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("$", "€"));
  const only = (values: Readonly<Record<string, string>>): Lookup => ({
    variable: (key) => (Object.hasOwn(values, key) ? values[key] : undefined),
    file: async () => ({ problem: "does not exist" }),
  });

  test("text without $ stays as it is", async () => {
    await fc.assert(
      fc.asyncProperty(plain, async (text) => {
        expect(await interpolate(text, lookup)).toEqual({ text });
      }),
    );
  });

  test("values stand exactly where their references stood, and are never expanded again", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ before: plain, key: name, value: fc.string() }), { maxLength: 8 }),
        plain,
        async (parts, rest) => {
          const values = Object.fromEntries(parts.map(({ key, value }) => [key, value]));
          const text = parts.map(({ before, key }) => `${before}\${${key}}`).join("") + rest;
          const expected = parts.map(({ before, key }) => before + values[key]!).join("") + rest;
          expect(await interpolate(text, only(values))).toEqual({ text: expected });
        },
      ),
    );
  });

  test("every missing variable is told, each where it stands", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(name, { minLength: 1, maxLength: 20 }), async (names) => {
        const text = names.map((key) => `\${${key}}`).join(",");
        const result = await interpolate(text, only({}));
        const problems = "problems" in result ? result.problems : [];
        expect(problems.map(({ message }) => message)).toEqual(names.map((key) => `variable ${key} is not set`));
        for (const [index, { at }] of problems.entries()) expect(text.startsWith(`\${${names[index]}}`, at)).toBe(true);
      }),
    );
  });

  test("any text is either expanded or refused, and a default never shows when the variable is set", async () => {
    const wild = fc.string({ unit: fc.constantFrom("$", "{", "}", ":", "-", "?", "A", "1", " ", "file:", "${A") });
    await fc.assert(
      fc.asyncProperty(wild, async (text) => {
        const result = await interpolate(text, only({ A: "value", AA: "value" }));
        if ("problems" in result) expect(result.problems.every(({ at }) => at >= 0 && at < text.length)).toBe(true);
        else expect(typeof result.text).toBe("string");
      }),
      { numRuns: 500 },
    );
  });
});
