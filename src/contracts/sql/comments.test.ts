import fc from "fast-check";
import { expect, test } from "vitest";
import type { Call } from "../../core/call.ts";
import type { TraceParent } from "../../core/trace-parent.ts";
import { commented } from "./comments.ts";

const TRACE = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };
const RECORDED = "traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'";

const comment = (
  sql: string,
  record: {
    readonly connector?: string;
    readonly operation?: string;
    readonly span?: TraceParent;
    readonly parent?: TraceParent;
  } = {},
): ReturnType<typeof commented> => {
  // What is read of a call.
  const call = { record: { connector: "db", operation: "query", ...record } } as unknown as Call;
  return commented({ sql, values: [] }, call);
};

test("a statement ends with connector and operation, and may be prepared", () => {
  const expected = { sql: "SELECT 1 /*connector='db',operation='query'*/", values: [], isOnce: false };
  expect(comment("SELECT 1")).toEqual(expected);
  expect(comment("SELECT 1 \n")).toEqual(expected);
});

test("the trace of a call is told where it is recorded: the try's span before the caller's", () => {
  const sql = `SELECT 1 /*connector='db',operation='query',${RECORDED}*/`;
  const parent = { ...TRACE, spanId: "1111111111111111", flags: 1 };
  expect(comment("SELECT 1", { span: { ...TRACE, flags: 1 }, parent })).toEqual({ sql, values: [], isOnce: true });
  expect(comment("SELECT 1", { parent: { ...TRACE, flags: 1 } })).toEqual({ sql, values: [], isOnce: true });
  for (const span of [
    { ...TRACE, flags: 0 },
    { ...TRACE, flags: 2 },
  ])
    expect(comment("SELECT 1", { span, parent }).isOnce).toBe(false);
});

test("a semicolon stays the end", () => {
  expect(comment("SELECT 1 ; ").sql).toBe("SELECT 1  /*connector='db',operation='query'*/;");
});

test("a statement that ends with a comment is left alone", () => {
  const sql = "SELECT 1 /* mine */ ";
  expect(comment(sql).sql).toBe(sql);
});

test("no name ends the comment, and each comes back as it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), (connector, operation) => {
      const { sql } = comment("SELECT 1", { connector, operation });
      const match = /^SELECT 1 \/\*connector='([\w.~%-]*)',operation='([\w.~%-]*)'\*\/$/.exec(sql);
      expect(match?.slice(1).map(decodeURIComponent)).toEqual([Buffer.from(connector).toString(), operation]);
    }),
  );
  for (const name of ["*/ DROP TABLE x; --", "'", "\\'", "?", ":name", "$1", "\ud800", "\0"])
    expect(comment("SELECT 1", { operation: name }).sql).toMatch(
      /^SELECT 1 \/\*connector='db',operation='[\w.~%-]*'\*\/$/,
    );
});
