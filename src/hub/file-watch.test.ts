import { statSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { FileWatch } from "./file-watch.ts";

let folder: string;
let told: number;
let clock: FakeClock;
let watch: FileWatch;
const file = (): string => join(folder, "file");
const ctimeMs = (): number => statSync(file()).ctimeMs;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "busbar-watch-"));
  told = 0;
  await writeFile(file(), "one");
});
afterEach(async () => {
  await watch.close();
  await rm(folder, { recursive: true });
});

function start(wall: () => number, onChange = async (): Promise<void> => {}): Promise<void> {
  clock = Object.assign(fakeClock(), { wall });
  const files = (): string[] => [file()];
  watch = new FileWatch({ clock, intervalMs: 100, files, onChange: () => (told++, onChange()) });
  return watch.start(ctimeMs() + 1_000);
}
/** Lets the next look come to its end. */
async function look(): Promise<void> {
  await expect.poll(() => clock.pending, { interval: 1 }).toBe(1);
  await clock.advance(100);
  await expect.poll(() => clock.pending, { interval: 1 }).toBe(1);
}

test("a change is told once", async () => {
  await start(() => ctimeMs() + 1_000);
  await look();
  expect(told).toBe(0);
  await writeFile(file(), "two");
  for (let n = 0; n < 3; n++) await look();
  expect(told).toBe(1);
});

test("one that had just happened is told once more: a second one at the same instant cannot be seen", async () => {
  let aheadMs = 5;
  await start(() => ctimeMs() + aheadMs);
  await writeFile(file(), "two");
  await look();
  aheadMs = 105;
  for (let n = 0; n < 3; n++) await look();
  expect(told).toBe(2);
});

test("what changed a moment before it was read may have changed after, so it is told at the first look", async () => {
  clock = fakeClock();
  watch = new FileWatch({ clock, intervalMs: 100, files: () => [file()], onChange: async () => void told++ });
  await watch.start(ctimeMs() + 5);
  await look();
  expect(told).toBe(1);
});

test("a file that goes, is a folder or a circle of links meanwhile, and comes back is told each time", async () => {
  await start(() => 0);
  await rm(file());
  await look();
  await mkdir(file());
  await look();
  await rm(file(), { recursive: true });
  await symlink("file", file());
  await look();
  await rm(file());
  await writeFile(file(), "two");
  await look();
  expect(told).toBe(4);
});

test("closing waits for what a change has set off, and tells nothing more", async () => {
  let finish!: () => void;
  await start(
    () => 0,
    () => new Promise<void>((resolve) => (finish = resolve)),
  );
  await writeFile(file(), "two");
  await expect.poll(() => clock.pending, { interval: 1 }).toBe(1);
  await clock.advance(100);
  await expect.poll(() => told).toBe(1);
  let isClosed = false;
  const closing = watch.close().then(() => (isClosed = true));
  await clock.settle();
  expect(isClosed).toBe(false);
  finish();
  await closing;
  expect(clock.pending).toBe(0);
});
