/** What `npm run chaos -- no-storm` shows, with fewer calls and a failure of two seconds. */
import { expect, test } from "vitest";
import { partOf } from "./scenarios/no-storm.ts";

const course = { callsPerSecond: 100, wellFor: 300, failsFor: 2_000, backWithin: 3_000, minPerSecond: 1 };

test.concurrent.each(["503", "resets", "503, breaker"] as const)(
  "a service that fails all calls gets no storm of repeats, and is called again as soon as it is well: %s",
  async (name) => {
    const { expectations } = await partOf(name, course).run({ random: Math.random });
    expect(expectations.filter(({ isMet }) => !isMet)).toEqual([]);
    expect(expectations.length).toBeGreaterThan(4);
  },
  60_000,
);
