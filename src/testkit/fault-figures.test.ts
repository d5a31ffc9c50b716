import { expect, test } from "vitest";
import { FaultFigures } from "./fault-figures.ts";

test("figures come to one line a fault, with the worst of each sort and what the machine took", () => {
  const figures = new FaultFigures();
  figures.add({ under: "stalls", what: "read", tookMs: 301.4, limitMs: 350, lostMs: 0.2 });
  figures.add({ under: "stalls", what: "read", tookMs: 349, limitMs: 350, lostMs: 40 });
  figures.add({ under: "stalls", what: "read", tookMs: 310, limitMs: 350, lostMs: 0 });
  figures.add({ under: "is frozen", what: "read", tookMs: 300, limitMs: 350, lostMs: 0 });
  figures.add({ under: "stalls", what: "abort", tookMs: 1, limitMs: 50, lostMs: 0 });
  expect(figures.render("x").split("\n")).toEqual([
    "x: milliseconds taken/allowed",
    "  stalls     read 349/350 (+40 lost) · abort 1/50",
    "  is frozen  read 300/350",
  ]);
});
