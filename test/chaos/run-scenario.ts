/** Runs the parts of a scenario; whatever happens, there is an outcome for each, and in time. */
import { byCallers } from "./callers.ts";
import { seeded } from "./random.ts";
import type { Result } from "./report.ts";
import type { Effort, Outcome, Part, Scenario } from "./scenario.ts";

export interface Run {
  readonly effort: Effort;
  readonly seed: number;
}

export async function runScenario(scenario: Scenario, { effort, seed }: Run): Promise<Result[]> {
  const endsAt = performance.now() + scenario.limitMs;
  const run = async (part: Part): Promise<Result> => ({
    part: part.name,
    outcome: await within(Math.max(0, endsAt - performance.now()), () =>
      part.run({ random: seeded(seed, part.name) }),
    ).catch(failed),
  });
  const parts = scenario.parts(effort);
  const results: Result[] = [];
  await byCallers(scenario.partsAtATime ?? 1, [...parts.keys()], async (at) => {
    results[at] = await run(parts[at]!);
  });
  return results;
}

async function within<T>(limitMs: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("The scenario took longer than its limit")), limitMs);
  });
  return Promise.race([work(), late]).finally(() => clearTimeout(timer));
}

/** A part that could not be run to its end has shown nothing. */
function failed(error: unknown): Outcome {
  const found = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { facts: {}, expectations: [{ what: "it runs to its end", isMet: false, found }] };
}
