import { expect, test } from "vitest";
import { durationText } from "./duration-text.ts";

test("a duration is written in units that people read", () => {
  expect([0, 250, 1500, 30_000, 119_999, 300_000].map(durationText)).toEqual([
    "0 ms",
    "250 ms",
    "1.5 s",
    "30 s",
    "120 s",
    "5 min",
  ]);
});
