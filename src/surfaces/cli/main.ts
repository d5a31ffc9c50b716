#!/usr/bin/env node
/**
 * The `busbar` command.
 *
 * Starting is most of what a short command costs, so nothing is loaded here that `--version` does not need; everything
 * else comes with the command that uses it.
 */
import { packageVersion } from "./package-version.ts";

const words = process.argv.slice(2);

if (words.length === 1 && (words[0] === "--version" || words[0] === "-V")) {
  process.stdout.write(`${packageVersion()}\n`);
} else {
  const { run } = await import("./run.ts");
  const code = await run(words);
  // A connector of somebody else may have left a socket or a timer behind; the command is over all the same.
  process.exit(code);
}
