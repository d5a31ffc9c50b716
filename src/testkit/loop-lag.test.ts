import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { LoopLag } from "./loop-lag.ts";
import { pauseFor } from "./services/wait.ts";

const block = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

test("time in which the process was not let run is lost", async () => {
  const lag = new LoopLag();
  const lost: number[] = [];
  // What the process's other threads do at the time counts as its own; not in each of five tries.
  for (let time = 0; time < 5 && !(lost.at(-1)! > 200); time++) {
    const before = lag.lostMs;
    // Frozen by another process, as a machine freezes it that has others to serve.
    const freezer = spawn("/bin/sh", ["-c", `kill -STOP ${process.pid}; sleep 0.3; kill -CONT ${process.pid}`]);
    await once(freezer, "exit");
    await pauseFor(10);
    lost.push(lag.lostMs - before);
  }
  expect(Math.max(...lost)).toBeGreaterThan(200);
  lag.stop();
});

test("time in which the process itself kept its event loop busy is not", async () => {
  const lag = new LoopLag();
  await pauseFor(10);
  // On a machine that does something else meanwhile, that is lost as well; not in each of ten tries.
  const lost: number[] = [];
  for (let time = 0; time < 10; time++) {
    const before = lag.lostMs;
    block(100);
    await pauseFor(5);
    lost.push(lag.lostMs - before);
  }
  lag.stop();
  expect(Math.min(...lost)).toBeLessThan(60);
});

test("it keeps nothing alive", () => {
  const before = process.getActiveResourcesInfo().length;
  const lag = new LoopLag();
  expect(process.getActiveResourcesInfo().length).toBe(before);
  lag.stop();
});
