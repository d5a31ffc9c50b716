import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { cachedFolder } from "./folders.ts";

it("several builders of one cached folder get the same whole one, and it is built no more", async () => {
  const name = `test-${randomUUID()}`;
  const build = (mark: string) =>
    cachedFolder(name, undefined, async (draft) => {
      writeFileSync(join(draft, "mark"), mark);
      return Promise.resolve();
    });
  const [one, two] = await Promise.all([build("one"), build("two")]);
  expect(one).toBe(two);
  expect(readdirSync(one)).toEqual(["mark"]);
  const never = (): Promise<void> => Promise.reject(new Error("built again"));
  expect(await cachedFolder(name, undefined, never)).toBe(one);
  expect(readdirSync(dirname(one)).filter((entry) => entry.includes(name))).toEqual([basename(one)]);
  rmSync(one, { recursive: true });
});

it("a build that fails leaves no folder behind", async () => {
  const name = `test-${randomUUID()}`;
  let draft = "";
  const build = cachedFolder(name, undefined, (folder) => {
    draft = folder;
    return Promise.reject(new Error("disk full"));
  });
  await expect(build).rejects.toThrow("disk full");
  expect(readdirSync(dirname(draft)).filter((entry) => entry.includes(name))).toEqual([]);
  expect(existsSync(draft)).toBe(false);
});
