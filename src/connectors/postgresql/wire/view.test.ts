import { expect, test } from "vitest";
import { viewOf } from "./view.ts";

test("a view shows its own buffer, however many share the memory underneath", () => {
  const memory = Buffer.from([1, 2, 3, 4]);
  const [one, other] = [memory.subarray(0, 2), memory.subarray(1, 4)];
  for (let time = 0; time < 2; time++) {
    expect(viewOf(one).getUint16(0)).toBe(0x0102);
    expect(viewOf(other).getUint16(0)).toBe(0x0203);
    expect(viewOf(other).byteLength).toBe(3);
  }
});

test("a view is kept for the rows of its buffer, and that of a long buffer is not", () => {
  const [short, long] = [Buffer.alloc(2 ** 16), Buffer.alloc(2 ** 16 + 1)];
  expect(viewOf(short)).toBe(viewOf(short));
  expect(viewOf(long)).not.toBe(viewOf(long));
});
