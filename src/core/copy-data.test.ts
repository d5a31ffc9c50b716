import fc from "fast-check";
import { expect, test } from "vitest";
import { copyData } from "./copy-data.ts";

test("a copy is equal, and shares nothing that can be changed", () => {
  const value = { rows: [{ at: new Date(5), bytes: Buffer.from("abc"), n: 12n, none: null, un: undefined }], n: NaN };
  const copy = copyData(value)!.value;
  expect(copy).toStrictEqual(value);
  copy.rows[0]!.at.setTime(9);
  copy.rows[0]!.bytes[0] = 0;
  copy.rows.push(copy.rows[0]!);
  expect(value).toStrictEqual({
    rows: [{ at: new Date(5), bytes: Buffer.from("abc"), n: 12n, none: null, un: undefined }],
    n: NaN,
  });
});

test("bytes keep their class, and objects their lack of one", () => {
  const value = [Buffer.from("a"), new Uint8Array([1]), Object.assign(Object.create(null) as object, { a: 1 })];
  const copy = copyData(value)!.value;
  for (const at of value.keys())
    expect(Object.getPrototypeOf(copy[at]) === Object.getPrototypeOf(value[at])).toBe(true);
});

test("a field called __proto__ stays a field", () => {
  const copy = copyData(JSON.parse('{"__proto__":{"polluted":1}}') as object)!.value;
  expect(Object.keys(copy)).toEqual(["__proto__"]);
  expect((copy as { polluted?: number }).polluted).toBeUndefined();
});

test("any data is copied as it is", () => {
  const data = fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true });
  fc.assert(
    fc.property(data, (value) => {
      expect(copyData(value)?.value).toStrictEqual(value);
    }),
  );
});

class Row {
  readonly id = 1;
}

test.each([() => 1, Symbol("s"), new Row(), new Map(), new URL("http://localhost"), new Float64Array(1)])(
  "what is not data is not copied: %o",
  (value) => {
    expect(copyData(value)).toBeUndefined();
    expect(copyData({ in: [value] })).toBeUndefined();
  },
);

test("a circle is not copied", () => {
  const circle: unknown[] = [];
  circle.push({ circle });
  expect(copyData(circle)).toBeUndefined();
});
