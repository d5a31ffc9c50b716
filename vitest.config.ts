import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";

const source = fileURLToPath(new URL("src", import.meta.url));

// Each run fills it anew: one file for each behaviour suite, from which the matrix connector × target is drawn.
rmSync(".cache/matrix", { recursive: true, force: true });

export default defineConfig({
  resolve: {
    // Examples and tests that write `busbar` as its users do get the sources, as everybody else does here.
    alias: [
      { find: /^busbar$/, replacement: `${source}/index.ts` },
      { find: /^busbar\/(observers|testkit)$/, replacement: `${source}/$1/index.ts` },
      { find: /^busbar\/((?:connectors|contracts)\/[^/]+)$/, replacement: `${source}/$1/index.ts` },
    ],
  },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts", "bench/**/*.test.ts"],
    exclude: [...configDefaults.exclude, "build/**"],
    // A process each: tests look at handles, signals and memory, and what crashes takes nobody with it.
    pool: "forks",
    execArgv: ["--import", new URL("scripts/worker-sources.mjs", import.meta.url).href],
    maxWorkers: 2,
    testTimeout: 20_000,
    // What is polled for comes soon; on a busy machine, soon is longer.
    expect: { poll: { timeout: 10_000, interval: 10 } },
    hookTimeout: 60_000,
    teardownTimeout: 15_000,
    reporters: ["default", ["json", { outputFile: ".cache/vitest.json" }]],
  },
});
