/**
 * Peers and busbar in one run.
 *
 * Each side has its own process, all are opened before the first measurement, and they work in turns: every round gives
 * each side the same time, in an order that moves on by one. What the machine does meanwhile (other work, a lower clock)
 * hits all sides alike, so ratios are taken within a round and their median is quoted; absolute numbers are medians too.
 * CPU is the side's own process only, never the server's.
 */
import { fork, type ChildProcess } from "node:child_process";
import type { Bench, Facts, Side, Size } from "./bench.ts";
import type { Order, Sample } from "./side-process.ts";

export interface Effort {
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
  readonly size: Size;
}

/** What one side did, a sample for each round. */
export interface Measured {
  readonly side: Side;
  readonly samples: readonly Sample[];
}

/** Longer than any side may take beyond its time, which ends with what it has begun. */
const PATIENCE_MS = 300_000;

export async function measure(name: string, bench: Bench, effort: Effort): Promise<readonly Measured[]> {
  const servers = await bench.setUp?.(effort.size);
  const processes: SideProcess[] = [];
  try {
    for (const side of bench.sides) processes.push(await SideProcess.start(name, side, servers?.facts ?? {}));
    for (const each of processes) await each.work(effort.warmUpMs);
    const samples = processes.map((): Sample[] => []);
    const rounds = Math.min(effort.rounds, bench.rounds ?? effort.rounds);
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < processes.length; turn++) {
        const at = (round + turn) % processes.length;
        samples[at]!.push(await processes[at]!.work(effort.roundMs));
      }
    }
    for (const each of processes) await each.close();
    return bench.sides.map((side, at) => ({ side, samples: samples[at]! }));
  } finally {
    for (const each of processes) each.kill();
    await servers?.close();
  }
}

/** What is sent back: what was asked for, or why it failed. */
interface Reply {
  readonly answer?: unknown;
  readonly failure?: string;
}

class SideProcess {
  readonly #name: string;
  readonly #child: ChildProcess;
  /** Hears of the next reply. */
  #settle: (reply: Reply) => void = () => {};

  private constructor(bench: string, side: Side) {
    this.#name = side.name;
    this.#child = fork(new URL("side-process.js", import.meta.url), [bench, side.name]);
    this.#child.on("message", (reply: Reply) => this.#settle(reply));
    this.#child.on("exit", () => this.#settle({ failure: "its process ended" }));
  }

  static async start(bench: string, side: Side, facts: Facts): Promise<SideProcess> {
    const started = new SideProcess(bench, side);
    try {
      await started.#reply(PATIENCE_MS);
      await started.#ask({ open: facts }, PATIENCE_MS);
    } catch (error) {
      started.kill();
      throw error;
    }
    return started;
  }

  async work(ms: number): Promise<Sample> {
    return (await this.#ask({ workMs: ms }, ms + PATIENCE_MS)) as Sample;
  }

  async close(): Promise<void> {
    await this.#ask("close", PATIENCE_MS);
    this.#child.disconnect();
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #ask(order: Order, limitMs: number): Promise<unknown> {
    const reply = this.#reply(limitMs);
    this.#child.send(order);
    return reply;
  }

  async #reply(limitMs: number): Promise<unknown> {
    const { answer, failure } = await new Promise<Reply>((resolve) => {
      const timer = setTimeout(resolve, limitMs, { failure: `no answer within ${limitMs} ms` });
      this.#settle = (reply) => {
        clearTimeout(timer);
        resolve(reply);
      };
    });
    if (failure !== undefined) throw new Error(`The side "${this.#name}" failed: ${failure}`);
    return answer;
  }
}
