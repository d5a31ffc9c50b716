import { expect, test } from "vitest";
import { retryAfterMs } from "./retry-after.ts";

const DAY_MS = 86_400_000;
const wallMs = Date.UTC(2026, 0, 1, 12);
const facts = { date: undefined, wallMs };

test.each([
  ["seconds", "120", 120_000],
  ["no seconds", "0", 0],
  ["parts of a second, which some servers send", "0.5", 500],
  ["a date", "Thu, 01 Jan 2026 12:00:30 GMT", 30_000],
  ["a date in the old form", "Thursday, 01-Jan-26 12:00:30 GMT", 30_000],
  ["a date in the past", "Thu, 01 Jan 2026 11:00:00 GMT", 0],
  ["more seconds than a day", "999999999999", DAY_MS],
  ["a date in a hundred years", "Fri, 01 Jan 2126 00:00:00 GMT", DAY_MS],
  ["nothing", undefined, undefined],
  ["nothing in it", "", undefined],
  ["a negative number", "-5", undefined],
  ["words", "soon, please", undefined],
  ["a date that is none", "Thu, 99 Foo 2026 12:00:30 GMT", undefined],
])("Retry-After of %s", (_, value, ms) => {
  expect(retryAfterMs(value, facts)).toBe(ms);
});

test("a date is measured on the server's own clock where it tells the time", () => {
  const date = "Thu, 01 Jan 2026 18:00:00 GMT";
  expect(retryAfterMs("Thu, 01 Jan 2026 18:00:10 GMT", { date, wallMs })).toBe(10_000);
  expect(retryAfterMs("Thu, 01 Jan 2026 12:00:10 GMT", { date: "nonsense", wallMs })).toBe(10_000);
});
