import { expect, test } from "vitest";
import { LatencySample } from "./latency-sample.ts";

test("too few calls say nothing", () => {
  const sample = new LatencySample(0.95);
  for (let i = 1; i < 20; i++) sample.add(i);
  expect(sample.percentile).toBeUndefined();
  sample.add(20);
  expect(sample.percentile).toBe(19);
});

test("the percentile is a latency that was seen, of the right rank", () => {
  const sample = new LatencySample(0.95);
  for (let i = 100; i >= 1; i--) sample.add(i);
  expect(sample.percentile).toBe(95);
  const slowest = new LatencySample(1);
  for (let i = 1; i <= 20; i++) slowest.add(i);
  expect(slowest.percentile).toBe(20);
});

test("old latencies are forgotten", () => {
  const sample = new LatencySample(0.95);
  for (let i = 0; i < 200; i++) sample.add(1_000);
  for (let i = 0; i < 200; i++) sample.add(1);
  expect(sample.percentile).toBe(1);
});
