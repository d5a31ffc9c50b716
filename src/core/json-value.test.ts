import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConnectorError } from "./errors.ts";
import { Secret } from "./secret.ts";
import { fromJsonValue, parseJsonValue, toJsonValue } from "./json-value.ts";

const scalar = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.boolean(),
  fc.constant(null),
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array(),
);
const key = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "$date",
    "$bytes",
    "$bigint",
    "$number",
    "$undefined",
    "$$date",
    "$$$bytes",
    "__proto__",
    "constructor",
    "$",
  ),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    scalar,
    fc.array(tie("any"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("any")), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
  ),
})).any;

/** What plain writing leaves of a value: instants and big integers as text, everything else as it is. */
function asText(found: unknown): unknown {
  if (typeof found === "bigint") return `${found}`;
  if (found instanceof Date) return Number.isNaN(found.getTime()) ? found : found.toISOString();
  if (Array.isArray(found)) return found.map(asText);
  if (typeof found !== "object" || found === null || found instanceof Uint8Array) return found;
  return Object.fromEntries(Object.entries(found).map(([name, inner]) => [name, asText(inner)]));
}

const through = (found: unknown, exact: boolean): unknown =>
  parseJsonValue(JSON.stringify(toJsonValue(found, { exact })));

describe("the JSON codec", () => {
  it("gives back exactly what was written when types are asked for", () => {
    fc.assert(fc.property(value, (found) => void expect(through(found, true)).toEqual(found)));
  });

  it("tells what is undefined from what is null or not there when types are asked for", () => {
    const found = { gone: undefined, list: [undefined, null, [undefined]], $undefined: true };
    expect(through(found, true)).toStrictEqual(found);
    expect(through(undefined, true)).toBe(undefined);
    expect(through({ $undefined: true }, true)).toStrictEqual({ $undefined: true });
    expect(() => fromJsonValue({ $undefined: 1 })).toThrow(expect.objectContaining({ kind: "input_invalid" }));
  });

  it("loses nothing but the difference between an instant, a big integer and its text otherwise", () => {
    fc.assert(fc.property(value, (found) => void expect(through(found, false)).toEqual(asText(found))));
  });

  it("writes what other programs read as it is", () => {
    const row = { at: new Date(0), id: 9007199254740993n, blob: new Uint8Array([1, 2, 3]), not: NaN };
    expect(toJsonValue(row)).toEqual({
      at: "1970-01-01T00:00:00.000Z",
      id: "9007199254740993",
      blob: { $bytes: "AQID" },
      not: { $number: "NaN" },
    });
  });

  it("returns the very object where nothing needs a form of its own", () => {
    const rows = [{ id: 1, name: "Ada", tags: ["a"], address: { city: null } }];
    expect(toJsonValue(rows)).toBe(rows);
    expect(fromJsonValue(rows)).toBe(rows);
  });

  it("leaves out what is no data, and never shows a secret", () => {
    const found = { a: undefined, f: () => 1, list: [undefined, Symbol("s")], password: new Secret("hunter22") };
    expect(JSON.stringify(toJsonValue(found))).toBe('{"list":[null,null],"password":"[redacted]"}');
    expect(toJsonValue(undefined)).toBe(null);
  });

  it("writes vectors as lists, and buffers and views by their own bytes only", () => {
    expect(toJsonValue(new Float32Array([0.5, NaN]))).toEqual([0.5, { $number: "NaN" }]);
    expect(toJsonValue(Buffer.from("xabcx").subarray(1, 4))).toEqual({ $bytes: "YWJj" });
    expect(toJsonValue(new Uint8Array([9, 1, 9]).buffer)).toEqual({ $bytes: "CQEJ" });
  });

  it("refuses a value that contains itself, and collections that would come out empty", () => {
    const own: Record<string, unknown> = {};
    own["self"] = own;
    for (const found of [own, { a: new Map([[1, 2]]) }, [new Set([1])]])
      expect(() => toJsonValue(found)).toThrow(expect.objectContaining({ kind: "unsupported" }));
  });

  it("refuses tags that hold something else", () => {
    for (const found of [
      { $bytes: "not base64" },
      { $bytes: 1 },
      { $bigint: "1.5" },
      { $date: "soon" },
      { $number: "7" },
    ])
      expect(() => fromJsonValue([found])).toThrow(expect.objectContaining({ kind: "input_invalid" }));
    expect(fromJsonValue({ $bytes: 1, other: 2 })).toEqual({ $bytes: 1, other: 2 });
  });

  it("refuses text that is not JSON without repeating it", () => {
    const error = thrownBy(() => parseJsonValue('{"password":"hunter22"'));
    expect(error).toMatchObject({ kind: "input_invalid" });
    expect(error.message).not.toContain("hunter22");
    expect(() => parseJsonValue("[".repeat(200_000) + "]".repeat(200_000))).toThrow(ConnectorError);
  });

  it("refuses numbers whose digits would be lost, and only those", () => {
    for (const text of ["9007199254740993", "[1, 0.12345678901234567890123]", '{"a":1e999999999999999999}'])
      expect(() => parseJsonValue(text), text).toThrow(/more digits/);
    for (const text of [
      "9007199254740992",
      "0.1000000000000000000",
      '"9007199254740993"',
      "1.7976931348623157e308",
      "-0",
    ])
      expect(parseJsonValue(text), text).toBe(JSON.parse(text));
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (n) => parseJsonValue(JSON.stringify(n)) === n + 0,
      ),
    );
  });
});

function thrownBy(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
