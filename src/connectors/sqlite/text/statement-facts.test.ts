import { describe, expect, test } from "vitest";
import { factsOf } from "./statement-facts.ts";

describe("facts of a statement", () => {
  test.each<[string, ReturnType<typeof factsOf>]>([
    ["select 1", { command: "SELECT", parameters: 0, hasStar: false }],
    [
      "  -- a comment; with a semicolon\n /* and ; another */ SELECT * from t;",
      { command: "SELECT", parameters: 0, hasStar: true },
    ],
    ["insert into t values (?, ?, ?)", { command: "INSERT", parameters: 3, hasStar: false }],
    ["insert into t values (?2, ?1, ?2)", { command: "INSERT", parameters: 2, hasStar: false }],
    ["select ?3, ?", { command: "SELECT", parameters: 4, hasStar: false }],
    ["select :a, @b, $c, :a", { command: "SELECT", parameters: 3, hasStar: false }],
    ["select '?', \":a\", `@b`, [$c] -- ?", { command: "SELECT", parameters: 0, hasStar: false }],
    ["select 'it''s; not over', \"a\"\"; b\"", { command: "SELECT", parameters: 0, hasStar: false }],
    ["select 1e5, 0x1F, .5", { command: "SELECT", parameters: 0, hasStar: false }],
    [
      "create trigger noted after insert on t begin insert into log values (new.a); delete from x; end;",
      { command: "CREATE", parameters: 0, hasStar: false },
    ],
    [";", { command: "", parameters: 0, hasStar: false }],
  ])("%s", (sql, facts) => {
    expect(factsOf(sql)).toEqual(facts);
  });

  test.each([
    "select 1; select 2",
    "select 1; drop table users",
    "select 1;;",
    "create trigger a after insert on t begin select 1; end; drop table users",
    "create table a (b); -- one\n drop table a",
    "select '\\'; drop table users; --'",
    "select 1 /* open */ ; /* and */ delete from t",
  ])("of several statements there are none: %s", (sql) => {
    expect(() => factsOf(sql)).toThrow(/Only one statement/);
  });

  test.each(["", "  ", "-- nothing", "/* never closed"])("a text without a statement is refused: '%s'", (sql) => {
    expect(() => factsOf(sql)).toThrow(/no statement/);
  });

  test("texts that are never closed, and any others, end", () => {
    for (const sql of [
      "select 'open",
      'select "open',
      "select `open",
      "select [open",
      "select 1 /*",
      "\0",
      "select 1\0; x",
    ])
      try {
        factsOf(sql);
      } catch (error) {
        expect(error).toMatchObject({ kind: "input_invalid" });
      }
    expect(factsOf(`select ${"(".repeat(100_000)}`).command).toBe("SELECT");
  });
});
