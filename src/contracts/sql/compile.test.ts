import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileDelete, compileInsert, compileInsertMany, compileUpdate } from "./compile.ts";
import { quoteTable, standardQuote, type Dialect } from "./dialect.ts";
import { MOST_PARAMETERS, type Row } from "./operations.ts";

const dialect: Dialect = {
  quote: standardQuote(63),
  placeholder: (n) => `$${n}`,
  lexicon: {
    quotes: ["'", '"'],
    backslashIn: [],
    isPostgreSQL: false,
    hasBrackets: false,
    hasHashComments: false,
    nestsComments: false,
  },
  likeEscape: "'\\'",
  returning: new Set(["insert", "upsert", "update", "delete"]),
  order: (name, direction) => `${name} ${direction}`,
  exactText: (name) => `${name}::text`,
  onConflict: (conflict) => ` ON CONFLICT (${conflict.join(", ")}) DO NOTHING`,
  explain: (sql) => `EXPLAIN ${sql}`,
  planOf: (rows) => rows,
  describe: () => ({ sql: "", values: [] }),
  begin: () => ["BEGIN"],
  endReadOnly: ["ROLLBACK"],
  ledger: {
    lock: "",
    create: () => [],
    endIfIdle: "",
    purge: () => ({ sql: "", values: [] }),
    isTaken: () => false,
    isMissing: () => false,
  },
};

describe("statements", () => {
  test("of an insert", () => {
    expect(compileInsert({ table: "users", data: { name: "Ada", age: null } }, dialect)).toEqual({
      sql: 'INSERT INTO "users" ("name", "age") VALUES ($1, $2) RETURNING *',
      values: ["Ada", null],
    });
    expect(compileInsert({ table: "users", data: {}, returning: ["id"] }, dialect)).toEqual({
      sql: 'INSERT INTO "users" DEFAULT VALUES RETURNING "id"',
      values: [],
    });
  });

  test("of an update", () => {
    const input = { table: "s.users", data: { a: 1, b: 2 }, where: { c: 3, d: null, e: [4, 5], f: [] } };
    expect(compileUpdate({ ...input, returning: true }, dialect)).toEqual({
      sql: 'UPDATE "s"."users" SET "a" = $1, "b" = $2 WHERE "c" = $3 AND "d" IS NULL AND "e" IN ($4, $5) AND 1 = 0 RETURNING *',
      values: [1, 2, 3, 4, 5],
    });
    expect(compileUpdate({ table: "t", data: { a: 1 }, all: true }, dialect).sql).toBe('UPDATE "t" SET "a" = $1');
  });

  test("of a delete", () => {
    expect(compileDelete({ table: ["a.b", 'c"d'], where: { id: [1, null] } }, dialect)).toEqual({
      sql: 'DELETE FROM "a.b"."c""d" WHERE ("id" IN ($1) OR "id" IS NULL)',
      values: [1],
    });
    const date = new Date(0);
    const bytes = new Uint8Array(1);
    const { values } = compileDelete({ table: "t", where: { date, bytes, big: 1n, yes: true } }, dialect);
    expect(values).toEqual([date, bytes, 1n, true]);
  });

  test("of many rows: as few as fit, none for none", () => {
    expect(compileInsertMany({ table: "t", rows: [] }, dialect)).toEqual([]);
    const rows = (n: number, columns: number): Row[] =>
      Array.from({ length: n }, (_, at) =>
        Object.fromEntries(Array.from({ length: columns }, (_, c) => [`c${c}`, at] as const)),
      );
    const [only, ...rest] = compileInsertMany({ table: "t", rows: rows(2, 2) }, dialect);
    expect(only).toEqual({ sql: 'INSERT INTO "t" ("c0", "c1") VALUES ($1, $2), ($3, $4)', values: [0, 0, 1, 1] });
    expect(rest).toEqual([]);
    const wide = compileInsertMany({ table: "t", rows: rows(100, 1_600) }, dialect);
    expect(wide.map(({ values }) => values.length / 1_600)).toEqual([40, 40, 20]);
    for (const { values } of wide) expect(values.length).toBeLessThanOrEqual(MOST_PARAMETERS);
  });

  test("take the columns of a row in any order", () => {
    const [statement] = compileInsertMany(
      {
        table: "t",
        rows: [
          { a: 1, b: 2 },
          { b: 4, a: 3 },
        ],
      },
      dialect,
    );
    expect(statement?.values).toEqual([1, 2, 3, 4]);
  });

  test("do not take what is inherited for a column", () => {
    const row = Object.create({ b: 2 }) as Row;
    row["a"] = 1;
    expect(() => compileInsertMany({ table: "t", rows: [{ a: 1, b: 2 }, row] }, dialect)).toThrow('no column "b"');
  });

  test("have a bounded number of parameters", () => {
    const ids = Array.from({ length: MOST_PARAMETERS + 1 }, (_, id) => id);
    expect(() => compileDelete({ table: "t", where: { id: ids } }, dialect)).toThrow("65535 are allowed");
  });

  test("say so where the database cannot answer with rows", () => {
    const poor = { ...dialect, returning: new Set<never>() };
    expect(compileDelete({ table: "t", all: true, returning: false }, poor).sql).toBe('DELETE FROM "t"');
    expect(() => compileDelete({ table: "t", all: true, returning: true }, poor)).toThrow(
      expect.objectContaining({ kind: "unsupported" }) as Error,
    );
  });
});

describe("names", () => {
  test("are split at dots, but not in a list", () => {
    expect(quoteTable("users", dialect)).toBe('"users"');
    expect(quoteTable("a.b.c", dialect)).toBe('"a"."b"."c"');
    expect(quoteTable(["a.b"], dialect)).toBe('"a.b"');
  });

  test.each(["", ".", "a.", ".a", "a..b", "a.b.c.d", "a\0"])("are refused where they are none: %j", (table) => {
    expect(() => quoteTable(table, dialect)).toThrow(expect.objectContaining({ kind: "input_invalid" }) as Error);
  });

  test("are refused where the database would cut them, counted in bytes", () => {
    const quote = standardQuote(63);
    expect(quote("x".repeat(63))).toBe(`"${"x".repeat(63)}"`);
    expect(quote("é".repeat(31))).toHaveLength(33);
    expect(() => quote("x".repeat(64))).toThrow("63 bytes");
    expect(() => quote("é".repeat(32))).toThrow("63 bytes");
    expect(() => quote("😀".repeat(16))).toThrow("63 bytes");
  });

  test("never leave their quotes", () => {
    const quote = standardQuote(10_000);
    const name = fc.string({ unit: "binary", minLength: 1 }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(name, (text) => {
        const quoted = quote(text);
        expect(quoted.startsWith('"') && quoted.endsWith('"')).toBe(true);
        // Inside, quotes come in pairs, and reading them back gives the name.
        const inside = quoted.slice(1, -1);
        expect(inside.replaceAll('""', "")).not.toContain('"');
        expect(inside.replaceAll('""', '"')).toBe(text);
      }),
    );
  });
});
