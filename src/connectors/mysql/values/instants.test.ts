import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeInstant } from "./instants.ts";

const inYears = (date: Date): boolean => date.getUTCFullYear() >= 0 && date.getUTCFullYear() <= 9_999;

test("an instant is written to the millisecond, in UTC", () => {
  const near = fc.integer({ min: -200_000_000, max: 200_000_000 }).map((ms) => new Date(ms));
  fc.assert(
    fc.property(fc.oneof(near, fc.date({ noInvalidDate: true })), (date) => {
      const expected = inYears(date) ? date.toISOString().slice(0, -1).replace("T", " ") : undefined;
      expect(encodeInstant(date)).toBe(expected);
    }),
  );
});

test("what the server has no year for, or is no instant, is not written", () => {
  expect(encodeInstant(new Date(NaN))).toBeUndefined();
  expect(encodeInstant(new Date("-000001-12-31T23:59:59.999Z"))).toBeUndefined();
  expect(encodeInstant(new Date("+010000-01-01T00:00:00.000Z"))).toBeUndefined();
  expect(encodeInstant(new Date("0000-01-01T00:00:00.000Z"))).toBe("0000-01-01 00:00:00.000");
  expect(encodeInstant(new Date("9999-12-31T23:59:59.999Z"))).toBe("9999-12-31 23:59:59.999");
});
