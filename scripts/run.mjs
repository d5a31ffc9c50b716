/**
 * Every command of the repository, from a fresh clone: `npm run demo`, `npm test`, …
 *
 * Nothing but Node and npm must be there. What is missing or stale (dependencies, build) is made first. This file stays
 * readable to old versions of Node, so that they say what is wrong instead of failing at some syntax.
 */
import process from "node:process";

const OLDEST = [20, 19];

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  console.error(
    `busbar needs Node ${OLDEST.join(".")} or newer; this is ${process.versions.node} (${process.execPath}).`,
  );
  process.exit(1);
}
const { runCommand } = await import("./commands.mjs");
const [name, ...args] = process.argv.slice(2);
process.exitCode = await runCommand(name, args);
