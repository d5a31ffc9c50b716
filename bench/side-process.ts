/** The process of one side: opens it, then works whenever it is told to, and tells what that took. */
import type { Bench, Facts, Work } from "./bench.ts";
import { BENCHES } from "./benches.ts";

/** What one side did in one round. */
export interface Sample {
  readonly operations: number;
  readonly elapsedMs: number;
  /** User and system time of this process. */
  readonly cpuMs: number;
  /** Highest resident memory of this process so far. */
  readonly peakRssBytes: number;
}

export type Order = { readonly open: Facts } | { readonly workMs: number } | "close";

async function measure(bench: Bench, work: Work, ms: number): Promise<Sample> {
  const { callers, batch = 1 } = bench;
  const { operations: each = 1 } = work;
  let operations = 0;
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const end = startedAt + ms;
  const caller = async (): Promise<void> => {
    while (performance.now() < end) {
      for (let i = 0; i < batch; i++) await work.once();
      operations += batch * each;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const elapsedMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  const peakRssBytes = process.resourceUsage().maxRSS * 1024;
  return { operations, elapsedMs, cpuMs: (user + system) / 1000, peakRssBytes };
}

const [name = "", sideName = ""] = process.argv.slice(2);
const { bench } = await BENCHES[name]!();
const side = bench.sides.find((each) => each.name === sideName)!;
let opened: Work | undefined;

async function obey(order: Order): Promise<Sample | "done"> {
  if (order === "close") {
    await opened?.close?.();
    return "done";
  }
  if ("workMs" in order) return measure(bench, opened!, order.workMs);
  opened = await side.open(order.open);
  // A side that does not do its work must not look fast.
  await opened.once();
  return "done";
}

process.on("message", (order: Order) => {
  obey(order).then(
    (answer) => process.send!({ answer }),
    (error: unknown) => process.send!({ failure: error instanceof Error ? error.stack : String(error) }),
  );
});
process.on("disconnect", () => process.exit());
process.send!({ answer: "done" });
