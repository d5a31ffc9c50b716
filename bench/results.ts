/** From samples to what is said: medians, ratios, pledges kept or broken. */
import type { Pledge, Side } from "./bench.ts";
import type { Measured } from "./harness.ts";
import type { Sample } from "./side-process.ts";

export interface Row {
  readonly side: Side;
  readonly perSecond: number;
  /** Throughput of busbar as a multiple of this side's. */
  readonly busbarIs: number | undefined;
  readonly cpuMicros: number;
  readonly peakRssBytes: number;
}

export interface Verdict {
  readonly pledge: Pledge;
  readonly found: number;
  readonly isKept: boolean;
  readonly isGoalReached: boolean;
}

const perSecond = ({ operations, elapsedMs }: Sample): number => (operations / elapsedMs) * 1000;
const cpuMicros = ({ operations, cpuMs }: Sample): number => (cpuMs * 1000) / operations;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The median over rounds of something that two sides did in the same round. */
function inRounds(a: Measured, b: Measured, compare: (a: Sample, b: Sample) => number): number {
  return median(a.samples.map((sample, round) => compare(sample, b.samples[round]!)));
}

/** Best first. `busbar` in the ratios is the first side of busbar's. */
export function rowsOf(measured: readonly Measured[]): Row[] {
  const busbar = measured.find(({ side }) => side.is === "busbar");
  const rows = measured.map((each): Row => ({
    side: each.side,
    perSecond: median(each.samples.map(perSecond)),
    busbarIs: busbar && inRounds(busbar, each, (ours, theirs) => perSecond(ours) / perSecond(theirs)),
    cpuMicros: median(each.samples.map(cpuMicros)),
    peakRssBytes: Math.max(...each.samples.map(({ peakRssBytes }) => peakRssBytes)),
  }));
  return rows.sort((a, b) => b.perSecond - a.perSecond);
}

const COMPARE: Readonly<Record<Exclude<Pledge["measure"], "memory">, (ours: Sample, theirs: Sample) => number>> = {
  throughput: (ours, theirs) => perSecond(ours) / perSecond(theirs),
  cpu: (ours, theirs) => cpuMicros(ours) / cpuMicros(theirs),
  cost: (ours, theirs) => cpuMicros(ours) - cpuMicros(theirs),
};

const peakMiB = ({ samples }: Measured): number =>
  Math.max(...samples.map(({ peakRssBytes }) => peakRssBytes)) / 2 ** 20;

export function judge(pledges: readonly Pledge[], measured: readonly Measured[]): Verdict[] {
  const named = (name: string): Measured => measured.find(({ side }) => side.name === name)!;
  return pledges.map((pledge) => {
    const { measure, side, against = side } = pledge;
    const ours = named(side);
    const found = measure === "memory" ? peakMiB(ours) : inRounds(ours, named(against), COMPARE[measure]);
    const reaches = (mark: number): boolean => (measure === "throughput" ? found >= mark : found <= mark);
    return { pledge, found, isKept: reaches(pledge.promised), isGoalReached: reaches(pledge.goal) };
  });
}
