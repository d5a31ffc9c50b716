/** What `npm run chaos -- exactly-once` shows, with a tenth of the calls; any seed must do. */
import { expect, test } from "vitest";
import { seeded } from "./random.ts";
import { partOf } from "./scenarios/exactly-once.ts";

const seed = Math.floor(Math.random() * 2 ** 31);
const amount = { calls: 200, callers: 32, kills: 2 };

test.concurrent.each(["keyed", "without keys", "by query"] as const)(
  `nothing is written twice, and what callers were told is true: %s (seed ${seed})`,
  async (name) => {
    const { expectations } = await partOf(name, amount).run({ random: seeded(seed, name) });
    expect(expectations.filter(({ isMet }) => !isMet)).toEqual([]);
    expect(expectations.length).toBeGreaterThan(8);
  },
  60_000,
);
