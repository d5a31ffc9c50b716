/** What `npm run NAME` does, once its set-up is there. Each answers an exit code. */
import { runNode } from "./child.mjs";
import { runLint } from "./lint.mjs";
import { runOnNodes } from "./nodes.mjs";
import { LIBRARY, setUp, TOOLS } from "./setup.mjs";
import { runTests } from "./test.mjs";

const MINUTE = 60_000;

const COMMANDS = {
  demo: {
    says: "the main job, with a real PostgreSQL and a real REST service",
    run: (args) => runTool(["build/examples/quickstart/demo.js", ...args], 2 * MINUTE),
  },
  test: { says: "everything that can be checked; with arguments: vitest alone, which gets them", run: runTests },
  build: { says: "makes dist/ from src/", run: async () => ((await setUp(LIBRARY)) ? 0 : 1) },
  sync: {
    says: "writes the generated files; --check: fails where they are stale",
    run: (args) => runTool(["scripts/sync.mjs", ...args], 2 * MINUTE),
  },
  lint: { says: "eslint and prettier; --fix: mends what can be mended", run: runLint },
  bench: {
    says: "[NAME…] [--check | --quick | --smoke]: peers and busbar side by side",
    run: (args) => runTool(["build/bench/run.js", ...args], 30 * MINUTE),
  },
  chaos: {
    says: "[NAME…] [--quick] [--seed N]: what is promised, while servers are killed and lines cut",
    run: (args) => runTool(["build/test/chaos/run.js", ...args], 20 * MINUTE),
  },
  "test:nodes": { says: "[VERSION…]: the tests under other versions of Node", run: runOnNodes },
};

/** Carries out one command. */
export async function runCommand(name, args) {
  const command = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name] : undefined;
  if (command !== undefined) return command.run(args);
  console.error(name === undefined ? "Usage: npm run COMMAND" : `There is no command "${name}". There are:`);
  for (const [each, { says }] of Object.entries(COMMANDS)) console.error(`  ${each.padEnd(12)}${says}`);
  return 2;
}

async function runTool(args, limitMs) {
  if (!(await setUp(LIBRARY, TOOLS))) return 1;
  const { code, error } = await runNode(args, { live: true, limitMs });
  if (error !== undefined) console.error(`${args[0]}: ${error}`);
  return code;
}
