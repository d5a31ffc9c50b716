import { describe, expect, test } from "vitest";
import { Shape } from "./shape.ts";

/** The body of a DataRow message. */
function rowOf(...values: readonly (Buffer | null)[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(values.length);
  const parts = values.flatMap((value) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value?.length ?? -1);
    return value === null ? [length] : [length, value];
  });
  return Buffer.concat([count, ...parts]);
}

const OIDS = { boolean: 16, smallint: 21, integer: 23, text: 25, double: 701, varchar: 1043, instant: 1184 };
const shapeOf = (oid: number): Shape => new Shape([{ name: "a", dataTypeID: oid }], true);
const read = (shape: Shape, bytes: Buffer): unknown => shape.read(bytes, 0, bytes.length);

describe("a row", () => {
  test("is read in the buffer that it stands in, which holds others", () => {
    const shape = shapeOf(OIDS.integer);
    const rows = [1, -2].map((number) => rowOf(Buffer.from(Int32Array.of(number).buffer).swap32()));
    for (const before of ["", "odd"]) {
      const bytes = Buffer.concat([Buffer.from(before), ...rows]);
      const start = before.length;
      expect(shape.read(bytes, start, start + 10)).toEqual({ a: 1 });
      expect(shape.read(bytes, start + 10, start + 20)).toEqual({ a: -2 });
    }
  });

  test("of more bytes than a view is kept for is read all the same", () => {
    const long = "é".repeat(100_000);
    expect(read(shapeOf(OIDS.text), rowOf(Buffer.from(long)))).toEqual({ a: long });
    expect(read(shapeOf(OIDS.text), rowOf(Buffer.from("short")))).toEqual({ a: "short" });
  });

  test.each(Object.entries(OIDS).filter(([name]) => name !== "text" && name !== "varchar"))(
    "with a value that is longer or shorter than %s is refused",
    (_, oid) => {
      for (const length of [0, 3, 5, 9])
        expect(() => read(shapeOf(oid), rowOf(Buffer.alloc(length)))).toThrow("another length than its type");
    },
  );

  test.each(Object.entries(OIDS))("with no value of %s has null", (_, oid) => {
    expect(read(shapeOf(oid), rowOf(null))).toEqual({ a: null });
  });

  test("that is no row of the shape is refused", () => {
    const shape = shapeOf(OIDS.text);
    expect(() => read(shape, rowOf())).toThrow("another number of columns");
    expect(() => read(shape, rowOf(null, null))).toThrow("another number of columns");
    const cut = rowOf(Buffer.from("text"));
    expect(() => shape.read(cut, 0, cut.length - 1)).toThrow("longer than its row");
    cut.writeInt32BE(-2, 2);
    expect(() => read(shape, cut)).toThrow("longer than its row");
    expect(() => read(shape, Buffer.from([0]))).toThrow(RangeError);
  });
});
