/** Those who call: a number of them that work off a list, or as many calls a second whatever becomes of them. */
import { setTimeout as pause } from "node:timers/promises";

/** Hands the items to `count` callers, who take the next when they are done with one. */
export async function byCallers<T>(
  count: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const caller = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: count }, caller));
}

/** Lets `count` callers do it over and over until `isOver`. */
export async function untilOver(count: number, isOver: () => boolean, work: () => Promise<void>): Promise<void> {
  const caller = async (): Promise<void> => {
    while (!isOver()) await work();
  };
  await Promise.all(Array.from({ length: count }, caller));
}

/** Begins so many calls a second, evenly, until `isOver`; nobody waits for an answer before the next. */
export async function atRate(perSecond: number, isOver: () => boolean, call: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  const calls: Promise<void>[] = [];
  while (!isOver()) {
    // A machine that was busy for a moment makes up for it.
    const due = Math.floor(((performance.now() - startedAt) * perSecond) / 1_000);
    while (calls.length < due) calls.push(call());
    await pause(1_000 / perSecond);
  }
  await Promise.all(calls);
}
