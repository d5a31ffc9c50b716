/**
 * What happens to a PostgreSQL server and to the lines to it while calls run.
 *
 * Kills come at set points of the work, so that each meets calls under way however fast the machine is; in between, one
 * fault after the other is drawn: connections are cut, also in the middle of an answer, statements and answers are held
 * back and come late, the server freezes. All of it is over when `stop` has returned.
 */
import type { FaultProxy, Service } from "busbar/testkit";
import { setTimeout as pause } from "node:timers/promises";
import { between, oneOf, type Random } from "./random.ts";

export interface MayhemSettings {
  readonly service: Service;
  /** In front of the service. */
  readonly proxies: readonly FaultProxy[];
  readonly random: Random;
  /** How often the server is killed and started again, at least. */
  readonly kills: number;
  /** How much of the work is done, from 0 to 1. */
  progress(this: void): number;
}

/** Runs until it is stopped. */
export interface Mayhem {
  /** How often each thing was done, by its name. */
  readonly done: Readonly<Record<string, number>>;
  /** Waits where a kill is due and has not begun, so that the work is not done before it. */
  untilKilling(): Promise<void>;
  /** Ends it: what was begun is put right, and the server serves. */
  stop(): Promise<void>;
}

/** Longest time for which something is held back. */
const HOLD_MS = 600;

type Fault = (settings: MayhemSettings, proxy: FaultProxy) => Promise<void> | void;

const FAULTS: Readonly<Record<string, Fault>> = {
  cuts: (_, proxy) => proxy.cut(),
  "answers cut short": ({ random }, proxy) => void (proxy.cutAfterBytesDown = Math.floor(between(random, 0, 400))),
  "lines half closed": (_, proxy) => proxy.halfClose(),
  "answers held back": ({ random }, proxy) => holdBack(proxy, "down", between(random, 50, HOLD_MS)),
  "statements held back": ({ random }, proxy) => holdBack(proxy, "up", between(random, 50, HOLD_MS)),
  "lines refused": async ({ random }, proxy) => {
    proxy.refuse = true;
    proxy.cut();
    await pause(between(random, 20, 200));
    proxy.refuse = false;
  },
  freezes: async ({ service, random }) => {
    await service.pause();
    await pause(between(random, 50, HOLD_MS));
    await service.resume();
  },
};

/** What was held back is delivered late, on connections that may have been given up long since. */
async function holdBack(proxy: FaultProxy, blackhole: "up" | "down", ms: number): Promise<void> {
  proxy.blackhole = blackhole;
  await pause(ms);
  proxy.blackhole = "none";
}

/** Begins at once. */
export function startMayhem(settings: MayhemSettings): Mayhem {
  const { service, proxies, random, kills, progress } = settings;
  const done: Record<string, number> = { kills: 0 };
  let isStopped = false;
  const count = (name: string): void => void (done[name] = (done[name] ?? 0) + 1);
  let isKilling = false;
  const kill = async (): Promise<void> => {
    isKilling = true;
    await service.crash();
    await pause(between(random, 0, 300));
    await service.start();
    count("kills");
    isKilling = false;
  };
  const isKillDue = (): boolean => done["kills"]! < kills && progress() >= (done["kills"]! + 0.5) / (kills + 0.5);
  const wreak = async (): Promise<void> => {
    while (!isStopped) {
      if (isKillDue()) await kill();
      else {
        const name = oneOf(random, Object.keys(FAULTS));
        await FAULTS[name]!(settings, oneOf(random, proxies));
        count(name);
      }
      await pause(between(random, 5, 80));
    }
    for (const proxy of proxies) await proxy.heal();
  };
  const over = wreak();
  // Whoever stops it is told; until then nobody listens.
  over.catch(() => (isStopped = true));
  return {
    done,
    async untilKilling() {
      while (isKillDue() && !isKilling && !isStopped) await pause(5);
    },
    async stop() {
      isStopped = true;
      await over;
    },
  };
}
