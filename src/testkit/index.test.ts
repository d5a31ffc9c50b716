import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runBehaviour } from "./index.ts";

/** Packages that importing `file` loads at once. */
function packagesOf(file: URL, seen = new Set<string>(), found = new Set<string>()): Set<string> {
  if (seen.has(file.href)) return found;
  seen.add(file.href);
  const text = readFileSync(fileURLToPath(file), "utf8");
  for (const [, clause, from] of text.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from "([^"]+)";/gm)) {
    if (clause !== undefined) continue;
    if (from!.startsWith(".")) packagesOf(new URL(from!, file), seen, found);
    else if (!from!.startsWith("node:")) found.add(from!);
  }
  return found;
}

test("importing the testkit needs neither vitest nor a driver", () => {
  expect([...packagesOf(new URL("./index.ts", import.meta.url))]).toEqual(["zod"]);
  expect([...packagesOf(new URL("./behaviour.ts", import.meta.url))]).toContain("vitest");
});

test("the behaviour runner is loaded when it is called", async () => {
  const twice = { name: "adds", run: async () => {} };
  const behaviour = { connector: "number", contract: "sums", cases: [twice, twice], targets: [] };
  await expect(runBehaviour(behaviour)).rejects.toThrow("Two cases");
});
