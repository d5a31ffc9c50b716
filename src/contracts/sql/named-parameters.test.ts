import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Lexicon } from "./dialect.ts";
import { NamedParameters } from "./named-parameters.ts";

const POSTGRESQL: Lexicon = {
  quotes: ["'", '"'],
  backslashIn: [],
  isPostgreSQL: true,
  hasBrackets: false,
  hasHashComments: false,
  nestsComments: true,
};
const MYSQL: Lexicon = {
  quotes: ["'", '"', "`"],
  backslashIn: ["'", '"'],
  isPostgreSQL: false,
  hasBrackets: false,
  hasHashComments: true,
  nestsComments: false,
};
const SQLITE: Lexicon = { ...MYSQL, backslashIn: [], hasHashComments: false, hasBrackets: true };

const postgresql = new NamedParameters({ lexicon: POSTGRESQL, placeholder: (n) => `$${n}` });
const mysql = new NamedParameters({ lexicon: MYSQL, placeholder: () => "?" });
const sqlite = new NamedParameters({ lexicon: SQLITE, placeholder: () => "?" });

const own = /own placeholders/;

/** The names that are found, given a value for each that might be. */
function namesIn(reader: NamedParameters, sql: string): string[] {
  const names: string[] = [];
  for (;;)
    try {
      reader.positional({ sql, values: Object.fromEntries(names.map((name) => [name, 1])) });
      return names;
    } catch (error) {
      const missing = /There is no value for :(\w+)/.exec((error as Error).message)?.[1];
      if (missing === undefined) throw error;
      names.push(missing);
    }
}

test("names become the system's placeholders, and values stand in their order", () => {
  const sql = "select * from t where a = :a and b in (:b, :a) or c = :_c1";
  const values = { _c1: null, b: 2, a: 1 };
  expect(postgresql.positional({ sql, values })).toEqual({
    sql: "select * from t where a = $1 and b in ($2, $1) or c = $3",
    values: [1, 2, null],
  });
  expect(mysql.positional({ sql, values })).toEqual({
    sql: "select * from t where a = ? and b in (?, ?) or c = ?",
    values: [1, 2, 1, null],
  });
});

test("a name without a value, and a value without a name, are refused with what was meant", () => {
  expect(() => postgresql.positional({ sql: "select :name", values: { nmae: 1 } })).toThrow(
    'There is no value for :name; did you mean "nmae"?',
  );
  expect(() => postgresql.positional({ sql: "select :name", values: { name: undefined } })).toThrow(
    "There is no value for :name",
  );
  expect(() => postgresql.positional({ sql: "select :name", values: { name: 1, nam: 2 } })).toThrow(
    'The statement has no parameter :nam; did you mean "name"?',
  );
  expect(() => postgresql.positional({ sql: "select :toString", values: {} })).toThrow(
    "There is no value for :toString",
  );
});

test("placeholders of the system's own are not mixed with names, and are left alone in a list", () => {
  for (const [reader, text] of [
    [postgresql, "select $1, :y"],
    [mysql, "select ?, :y"],
    [sqlite, "select ?, :y"],
  ] as const) {
    expect(() => reader.positional({ sql: text, values: { y: 1 } })).toThrow(own);
    const listed = { sql: text, values: [1, 2] };
    expect(reader.positional(listed)).toEqual(listed);
  }
  const operators = "select a ?| b, '$1', a$1 where :y";
  expect(postgresql.positional({ sql: operators, values: { y: 1 } }).values).toEqual([1]);
});

test("long statements are read in time that grows as they do", () => {
  for (const part of ["--", "E'a'\n", "E'' -", "/*", "$a", "$a$", "'", "[", " \n", "::", ":a "]) {
    const sql = `select E'' ${part.repeat(100_000)}`;
    const started = performance.now();
    try {
      postgresql.positional({ sql, values: { a: 1 } });
    } catch (error) {
      expect((error as Error).message).toMatch(/no parameter :a|no value for/);
    }
    expect(performance.now() - started, part).toBeLessThan(5_000);
  }
  const names = Array.from({ length: 60_000 }, (_, at) => `n${at}`);
  const values = Object.fromEntries(names.map((name) => [name, 1]));
  const started = performance.now();
  postgresql.positional({ sql: names.map((name) => `:${name}`).join(), values });
  expect(performance.now() - started).toBeLessThan(5_000);
});

test("names are in any letters", () => {
  expect(postgresql.positional({ sql: "select :größe, :名前", values: { größe: 1, 名前: 2 } })).toEqual({
    sql: "select $1, $2",
    values: [1, 2],
  });
});

describe("what is no parameter", () => {
  test.each([
    ["text", "select ':x', 'it''s :x', ''':x'"],
    ["a quoted name", 'select ":x", "a"":x"'],
    ["a cast", "select a::text, '1'::int, a :: text"],
    ["a slice", "select a[1:n], a[b:c], f(1):n"],
    ["an assignment", "select a := 1"],
    ["a comment", "select 1 -- :x\n/* :x */ + 1"],
    ["a comment without an end", "select 1 /* :x"],
    ["text without an end", "select ':x"],
    ["a number", "select :1, : x, :"],
  ])("%s", (_, sql) => {
    expect(namesIn(postgresql, sql)).toEqual([]);
    expect(postgresql.positional({ sql, values: {} }).sql).toBe(sql);
  });

  test.each([
    ["escaped text", "select E'\\':x', e'a\\\\', :y"],
    ["escaped text over several lines", "select E'a'\n'\\':x' -- c\r\n -- '\n\t'\\':x', :y"],
    ["escaped text that is over", "select E'a' '\\', :y, 'x'"],
    ["escaped text without an end", "select :y, E'a'\n'\\':x"],
    ["plain text over several lines", "select 'a\\'\n'b\\', :y"],
    ["text whose backslash means nothing", "select 'a\\', :y, ':x'"],
    ["a name that ends in e", "select nice':x', :y"],
    ["dollar quotes", "do $$ :x $$; select $a$ :x $$ $b$ :x $a$, :y"],
    ["a comment in a comment", "/* /* :x */ :x */ select :y"],
    ["a dollar inside a name", "select a$$, :y"],
    ["a dollar and a digit inside a name", "select a$1, :y"],
    ["a name in other letters", "select größe$$, grE':x', éE':x', :y"],
  ])("in PostgreSQL: %s", (_, sql) => expect(namesIn(postgresql, sql)).toEqual(["y"]));

  test.each([
    ["text with a backslash", "select 'a\\':x', \"b\\\":x\", :y"],
    ["a name in backticks", "select `:x`, `a``:x`, :y"],
    ["a comment behind #", "select 1 # :x\n, :y"],
    ["two dashes that are no comment", "select 1--:y"],
    ["a comment that ends at the first end", "/* /* :x */ select :y"],
  ])("in MySQL: %s", (_, sql) => expect(namesIn(mysql, sql)).toEqual(["y"]));

  test.each([
    ["a name in brackets", "select [:x], :y"],
    ["text whose backslash means nothing", "select 'a\\', :y, ':x'"],
    ["a comment behind two dashes", "select 1--:x\n, :y"],
  ])("in SQLite: %s", (_, sql) => expect(namesIn(sqlite, sql)).toEqual(["y"]));
});

test("whatever the text, nothing is lost of it, and only names are replaced", () => {
  const piece = fc.constantFrom(
    "'",
    '"',
    "`",
    "[",
    "]",
    "$$",
    "$a$",
    "--",
    "#",
    "/*",
    "*/",
    "\\",
    "\n",
    ":",
    "::",
    ":a",
    ":b",
    "E'",
    "x",
    " ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.constantFrom(postgresql, mysql, sqlite), (pieces, reader) => {
      const sql = pieces.join("");
      const names = namesIn(reader, sql);
      const statement = reader.positional({ sql, values: Object.fromEntries(names.map((name) => [name, name])) });
      const { sql: text, values } = statement;
      // With the names in place of their placeholders, it is what it was.
      let at = 0;
      const back = text.replace(reader === postgresql ? /\$\d+/g : /\?/g, (found) => {
        const n = reader === postgresql ? Number(found.slice(1)) : ++at;
        return `:${String(values[n - 1])}`;
      });
      expect(back).toBe(sql);
      if (names.length === 0) expect(text).toBe(sql);
    }),
  );
});

test("texts that are kept are bounded, and read the same again", () => {
  for (let n = 0; n < 3_000; n++) postgresql.positional({ sql: `select ${n}, :a`, values: { a: 1 } });
  expect(postgresql.positional({ sql: "select 1, :a", values: { a: 7 } })).toEqual({
    sql: "select 1, $1",
    values: [7],
  });
});
