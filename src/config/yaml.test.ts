import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { formatOrigin } from "./origin.ts";
import { eachScalar, nameOrigin, nodeAt, plainOf } from "./tree.ts";
import { readYaml } from "./yaml.ts";

const value = async (text: string): Promise<unknown> => {
  const { tree, faults } = await readYaml(text, "c.yaml");
  expect(faults).toEqual([]);
  return tree && plainOf(tree);
};
const faults = async (text: string): Promise<string[]> => {
  const read = await readYaml(text, "c.yaml");
  return read.faults.map(({ origin, message }) => `${formatOrigin(origin)}: ${message}`);
};

test("a tree knows the line and column of every value and every name", async () => {
  const { tree } = await readYaml("a: 1\nb:\n  - x: yes\n    y: 'two'\n  - { z: 3.5 }\n", "c.yaml");
  const places: string[] = [];
  eachScalar(tree!, ({ origin, value: found }, path) =>
    places.push(`${path.join(".")}=${String(found)} ${formatOrigin(origin)}`),
  );
  expect(places).toEqual(["a=1 c.yaml:1:4", "b.0.x=yes c.yaml:3:8", "b.0.y=two c.yaml:4:8", "b.1.z=3.5 c.yaml:5:10"]);
  expect(formatOrigin(nameOrigin(tree!, ["b", 0, "y"]))).toBe("c.yaml:4:5");
});

describe("references are placed in their source", () => {
  test.each([
    ["plain", "a: x ${V}", "c.yaml:1:6"],
    ["single quotes", "a: 'it''s ${V}'", "c.yaml:1:11"],
    ["double quotes", 'a: "\\u00e9\\n${V}"', "c.yaml:1:13"],
    ["a block", "a: |\n  one\n  two ${V}\n", "c.yaml:3:7"],
    ["a folded block", "a: >-\n  one\n  two ${V}\n", "c.yaml:3:7"],
    ["the second of one name", "a: ${V} ${V}", "c.yaml:1:9"],
    ["after a literal one", "a: $${V} ${V}", "c.yaml:1:10"],
  ])("%s", async (_, text, expected) => {
    const { tree } = await readYaml(text, "c.yaml");
    const node = nodeAt(tree, ["a"]);
    const found = node?.kind === "scalar" ? node : undefined;
    const at = String(found?.value).lastIndexOf("${V}");
    expect(formatOrigin(found!.placeOf!(at))).toBe(expected);
  });
});

describe("YAML is read as YAML 1.2", () => {
  test.each([
    ["a: yes", { a: "yes" }],
    ["a: 0o17", { a: 15 }],
    ["a: 1_000", { a: "1_000" }],
    ["a: ~\nb:\nc: null", { a: null, b: null, c: null }],
    ["a: !!str 5", { a: "5" }],
    ["\uFEFFa: 1", { a: 1 }],
    ["a: 1\r\nb: 2\r\n", { a: 1, b: 2 }],
    ["1.0: x\ntrue: y", { "1.0": "x", true: "y" }],
    ["a: &x { p: 1 }\nb: *x", { a: { p: 1 }, b: { p: 1 } }],
    ["a: &x { p: 1, q: 1 }\nb: { <<: *x, q: 2 }", { a: { p: 1, q: 1 }, b: { q: 2, p: 1 } }],
    [
      "a: &x { p: 1 }\nb: &y { p: 2, r: 3 }\nc: { <<: [*x, *y] }",
      { a: { p: 1 }, b: { p: 2, r: 3 }, c: { p: 1, r: 3 } },
    ],
    ['a: { "<<": 1 }', { a: { "<<": 1 } }],
    ["# ${COMMENT}\na: 1 # ${COMMENT}", { a: 1 }],
    ["a: |\n  # not a comment\n", { a: "# not a comment\n" }],
    ["{ a: [1, 2,] }", { a: [1, 2] }],
    ["? a\n: 1", { a: 1 }],
  ])("%j", async (text, expected) => {
    expect(await value(text)).toEqual(expected);
  });

  test("__proto__ is a name like any other", async () => {
    const read = (await value("__proto__: { admin: true }")) as object;
    expect(Object.keys(read)).toEqual(["__proto__"]);
    expect((read as { admin?: unknown }).admin).toBeUndefined();
  });
});

describe("what is not YAML, or more than a configuration needs, is told with its place", () => {
  test.each([
    ["a:\n\tb: 1", ["c.yaml:2:1: not valid YAML: a tab is no indentation in YAML; use spaces"]],
    ["a: 1\na: 2\n", ['c.yaml:2:1: "a" stands here twice; first in line 1']],
    ["a: { b: 1,\n  b: 2 }", ['c.yaml:2:3: "b" stands here twice; first in line 1']],
    ["a: b: c", [expect.stringMatching(/^c\.yaml:1:4: not valid YAML: a second name on the same line/)]],
    ["a: { port: ${PORT} }", ['c.yaml:1:13: not valid YAML: inside { } and [ ] a ${…} needs quotes: "${NAME}"']],
    ['a: "x\nb: 2', [expect.stringMatching(/^c\.yaml:2:\d+: not valid YAML: something is missing here/)]],
    ["a: [1, 2", [expect.stringMatching(/^c\.yaml:1:\d+: not valid YAML: /)]],
    ["a:\n   b: 1\n  c: 2", [expect.stringMatching(/^c\.yaml:3:1: not valid YAML: the indentation/)]],
    ["a: @x", [expect.stringMatching(/^c\.yaml:1:4: .*put it in quotes$/)]],
    ['a: "\\q"', [expect.stringMatching(/^c\.yaml:1:5: .*an escape/)]],
    ["a: 1\n---\nb: 2", [expect.stringMatching(/^c\.yaml:2:1: .*a second document/)]],
    ["a: !secret x", ["c.yaml:1:12: tags are not supported; write the value without it"]],
    ["a: !!binary aGk=", ["c.yaml:1:13: tags are not supported; write the value without it"]],
    ["a: *none", ["c.yaml:1:4: alias *none stands before its anchor &none, or there is none"]],
    ["a: &x [*x]", ["c.yaml:1:8: alias *x contains itself"]],
    ["? [a]\n: 1", ["c.yaml:1:3: a name must be text"]],
    [": 1", ["c.yaml:1:1: a name is missing"]],
    ["a: { <<: 1 }", ["c.yaml:1:10: << takes a map or a list of maps"]],
    ["a: b\0c", ["c.yaml:1:5: contains a control character; is it a text file?"]],
    ["%FOO bar\n---\na: 1", ["c.yaml:1:1: not valid YAML: this directive is not supported"]],
  ])("%j", async (text, expected) => {
    expect(await faults(text)).toEqual(expected);
  });

  test("the words never quote the text, which may be a secret", async () => {
    const canary = "hunter2canary";
    const texts = [
      `a: "x" ${canary}`,
      `a: [1, 2] ${canary}: 3`,
      `${canary}\n  - a`,
      `a: |2x ${canary}`,
      `- "${canary}\n`,
    ];
    for (const text of texts) expect((await faults(text)).join()).not.toContain(canary);
  });

  test("a bomb of aliases is refused at once", async () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let level = 1; level <= 12; level++) {
      const all = Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ");
      lines.push(`a${level}: &a${level} [${all}]`);
    }
    expect(await faults(lines.join("\n"))).toEqual([
      expect.stringMatching(/^c\.yaml:\d+:\d+: aliases add more than 10000 values$/),
    ]);
  });

  test("nesting without end is refused", async () => {
    expect(await faults("[".repeat(100_000))).toEqual([expect.stringMatching(/nested too deeply|not valid YAML/)]);
    expect(await faults(`${"[".repeat(200)}${"]".repeat(200)}`)).toEqual([
      expect.stringMatching(/nested deeper than 64 levels$/),
    ]);
  });
});

test("what it reads is what the yaml package reads", async () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie("tree")), fc.dictionary(fc.string(), tie("tree"))),
  }));
  await fc.assert(
    fc.asyncProperty(tree, async (data) => {
      const text = JSON.stringify(data);
      expect((await value(text)) ?? null).toEqual(parse(text));
    }),
  );
});

test("any text is read or refused, and never throws", async () => {
  const unit = fc.constantFrom(
    "a",
    ":",
    " ",
    "\n",
    "-",
    "{",
    "}",
    "[",
    "]",
    "&",
    "*",
    "!",
    "|",
    ">",
    '"',
    "'",
    "#",
    "?",
    "<<",
    "\t",
    ",",
  );
  await fc.assert(
    fc.asyncProperty(fc.string({ unit, maxLength: 40 }), async (text) => {
      const read = await readYaml(text, "c.yaml");
      if (read.tree !== undefined) plainOf(read.tree);
      for (const { origin } of read.faults) expect(formatOrigin(origin)).toMatch(/^c\.yaml:\d+:\d+$/);
    }),
    { numRuns: 1_000 },
  );
});
