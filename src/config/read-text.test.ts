import { execFileSync } from "node:child_process";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fakeClock } from "../testkit/fake-clock.ts";
import { readText } from "./read-text.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
const pipe = (): string => {
  execFileSync("mkfifo", [at("pipe")]);
  return at("pipe");
};

beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "busbar-text-"))));
afterEach(() => rm(folder, { recursive: true }));

test("a file is read whole, without its byte order mark, up to the limit", async () => {
  const text = "é".repeat(100_000);
  await writeFile(at("file"), `\ufeff${text}`);
  expect(await readText(at("file"), 1_000_000)).toEqual({ text, isPipe: false });
  expect(await readText(at("file"), 1_024)).toMatchObject({ problem: expect.stringContaining("is larger than") });
});

test("a pipe is read until its writers are gone, also where they come late and write now and then", async () => {
  const reading = readText(pipe(), 1_000);
  await new Promise((resolve) => setTimeout(resolve, 15));
  const writer = await open(at("pipe"), "w");
  await new Promise((resolve) => setTimeout(resolve, 15));
  await writer.write("one ");
  await new Promise((resolve) => setTimeout(resolve, 15));
  await writer.write("two");
  await writer.close();
  expect(await reading).toEqual({ text: "one two", isPipe: true });
});

test.each([
  ["nobody writes to", undefined, 5_000],
  ["somebody has open and says nothing to", "r+", 60_000],
])("a pipe that %s is told, and holds no thread", async (_, flags, limitMs) => {
  const clock = fakeClock();
  const path = pipe();
  const writer = flags === undefined ? undefined : await open(path, flags);
  let found: unknown;
  const reading = readText(path, 1_000, clock).then((read) => (found = read));
  for (let ms = 0; ms < limitMs - 100; ms += 100) {
    await expect.poll(() => clock.pending, { interval: 1 }).toBe(1);
    await clock.advance(100);
  }
  expect(found).toBeUndefined();
  while (found === undefined) await clock.advance(100);
  expect(await reading).toMatchObject({ problem: "is a pipe that brings nothing", code: "EAGAIN" });
  await writer?.close();
});

test("what is no file is told", async () => {
  expect(await readText(folder, 10)).toMatchObject({ problem: "is a directory" });
  expect(await readText("/dev/null", 10)).toMatchObject({ problem: "is not a file" });
  expect(await readText(at("nothing"), 10)).toMatchObject({ problem: "does not exist", code: "ENOENT" });
});
