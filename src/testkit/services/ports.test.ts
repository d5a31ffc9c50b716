import type * as crypto from "node:crypto";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { claimPort } from "./ports.ts";

type Crypto = typeof crypto;
const random = vi.hoisted(() => ({ next: [] as number[] }));
vi.mock("node:crypto", async (original) => {
  const real = await original<Crypto>();
  return { ...real, randomInt: (low: number, high: number) => random.next.shift() ?? real.randomInt(low, high) };
});

const lockOf = (port: number): string => join(tmpdir(), `busbar-ports-${process.getuid?.() ?? "user"}`, `${port}.lock`);

it("claims a port below the ephemeral range and names its owner in the lock file", async () => {
  const claimed = await claimPort();
  expect(claimed.port).toBeGreaterThanOrEqual(15_000);
  expect(claimed.port).toBeLessThan(32_000);
  expect(readFileSync(lockOf(claimed.port), "utf8")).toMatch(new RegExp(`^${process.pid} `));
  claimed.release();
  expect(existsSync(lockOf(claimed.port))).toBe(false);
});

it("gives a claimed port to nobody else until it is released, and a late second release frees nothing", async () => {
  const first = await claimPort();
  random.next = [first.port];
  const second = await claimPort();
  expect(second.port).not.toBe(first.port);
  first.release();
  random.next = [first.port];
  const third = await claimPort();
  expect(third.port).toBe(first.port);
  first.release();
  expect(existsSync(lockOf(third.port))).toBe(true);
  second.release();
  third.release();
});

it("passes over a port on which somebody listens", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  random.next = [port];
  const claimed = await claimPort();
  expect(claimed.port).not.toBe(port);
  expect(existsSync(lockOf(port))).toBe(false);
  claimed.release();
  server.close();
});

it("clears away the lock of a process that is gone", async () => {
  const { port, release } = await claimPort();
  release();
  const gone = spawnSync("true").pid;
  writeFileSync(lockOf(port), `${gone} 1\n`);
  random.next = [port, port];
  const claimed = await claimPort();
  expect(claimed.port).toBe(port);
  claimed.release();
});
