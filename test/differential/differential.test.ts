/**
 * The same random programs on every SQL system give the same answers, the same kinds of errors and the same tables.
 *
 * `DIFFERENTIAL_SEED` chooses other programs, `DIFFERENTIAL_PROGRAMS` how many.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { differenceOf, explainDifference } from "./compare.ts";
import { makeProgram } from "./generate.ts";
import type { System } from "./run-program.ts";
import { startSystems, type RunningSystem } from "./systems.ts";

const SEED = Number(process.env["DIFFERENTIAL_SEED"] ?? 4);
const PROGRAMS = Number(process.env["DIFFERENTIAL_PROGRAMS"] ?? 500);
/** Some 20 s where nothing else runs. */
const TIME_MS = 120_000;

let systems: RunningSystem[] = [];

beforeAll(async () => {
  systems = await startSystems();
});
afterAll(() => Promise.all(systems.map(({ close }) => close())));

test(
  `${PROGRAMS} programs of seed ${SEED} do the same on every system`,
  async () => {
    for (let number = 1; number <= PROGRAMS; number++) {
      const program = makeProgram(SEED, number);
      if ((await differenceOf(program, systems)) !== undefined)
        expect.unreachable(await explainDifference(program, systems));
    }
  },
  TIME_MS,
);

test("a program is made again from its seed and number", () => {
  expect(makeProgram(SEED, 7)).toEqual(makeProgram(SEED, 7));
  expect(makeProgram(SEED + 1, 7).steps).not.toEqual(makeProgram(SEED, 7).steps);
});

/** As another system, but it forgets a row of every `select` with a pattern. */
function forgetful(system: System): System {
  const connector = new Proxy(system.connector, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== "execute") return typeof value === "function" ? (value.bind(target) as unknown) : value;
      return async (operation: string, input: object, ...rest: unknown[]) => {
        const answer = (await (value as (...all: unknown[]) => Promise<unknown>).call(
          target,
          operation,
          input,
          ...rest,
        )) as { rows: unknown[] };
        const isStruck = operation === "select" && JSON.stringify(input).includes('"like"') && answer.rows.length > 0;
        return isStruck ? { ...answer, rows: answer.rows.slice(1) } : answer;
      };
    },
  });
  return { ...system, name: "forgetful", connector };
}

test("a difference is found, and shown by a program of few steps", async () => {
  const both = [systems[0]!, forgetful(systems[1]!)];
  for (let number = 1; number <= 200; number++) {
    const program = makeProgram(SEED, number);
    if ((await differenceOf(program, both)) === undefined) continue;
    const told = await explainDifference(program, both);
    expect(told).toContain(`program ${SEED}/${number}`);
    expect(told).toContain('"like"');
    expect(told.match(/^\d+\. /gm)!.length).toBeLessThanOrEqual(3);
    return;
  }
  expect.unreachable("was not found");
});
