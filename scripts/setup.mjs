/**
 * What must be there before anything runs: dependencies, and the builds of the library and of the tools.
 *
 * Each is made only when missing or stale. Stale is told by content, not by time, because a checkout changes the times:
 * a record beside the result holds what it was made of and what was made. Two commands at once take turns.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { runChild, runNode } from "./child.mjs";
import { withLock } from "./lock.mjs";
import { timed } from "./steps.mjs";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

const INSTALL_LIMIT_MS = 10 * 60_000;
const BUILD_LIMIT_MS = 3 * 60_000;

/** TypeScript projects. At run time the tools import the library by its name, as its users do. */
export const LIBRARY = { name: "build", project: "tsconfig.json", sources: ["src"], result: "dist" };
export const TOOLS = {
  name: "tools",
  project: "tsconfig.tools.json",
  sources: ["bench", "examples", "scripts", "test/chaos", "tsconfig.json"],
  result: "build",
};

/** Dependencies and builds, each with a line when it had to be made. Answers whether all is there. */
export async function setUp(...projects) {
  if (!(await ensureDependencies())) return false;
  for (const project of projects) if (!(await inTurn(project.name, isBuilt, build, project)).ok) return false;
  return true;
}

export async function ensureDependencies() {
  return (await inTurn("install", isInstalled, install)).ok;
}

/** As a step of a longer run, which prints the line itself. */
export function buildStep(project) {
  const run = () =>
    withLock(lockOf(project.name), async () => (isBuilt(project) ? { ok: true, note: "up to date" } : build(project)));
  return { name: project.name, run };
}

const lockOf = (name) => join(root, `.cache/${name}.lock`);

function inTurn(name, isThere, make, subject) {
  const makeMissing = async () => (isThere(subject) ? { ok: true } : timed({ name, run: () => make(subject) }));
  return withLock(lockOf(name), makeMissing);
}

const INSTALLED = "node_modules/.busbar-installed";
/** npm's own record of what it put there. */
const NPM_RECORD = "node_modules/.package-lock.json";

function isInstalled() {
  if (!existsSync(NPM_RECORD)) return false;
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, "utf8") === contentOf(["package-lock.json"])) return true;
  // Installed by hand: npm writes its record last, or just before the lock file that it changes.
  return statSync(NPM_RECORD).mtimeMs + 2_000 > statSync("package-lock.json").mtimeMs;
}

async function install() {
  // No dependency needs its install script, and npm 12 blocks them anyway.
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  const outcome = await runNpm(args, { limitMs: INSTALL_LIMIT_MS });
  if (outcome.ok) writeFileSync(INSTALLED, contentOf(["package-lock.json"]));
  return outcome;
}

/** npm, by the same Node: as the one that runs this script, else the one in PATH. */
export function runNpm(args, options) {
  const npm = process.env["npm_execpath"];
  if (npm?.endsWith("npm-cli.js") && existsSync(npm)) return runNode([npm, ...args], options);
  return runChild({ file: "npm", args, ...options });
}

function isBuilt(project) {
  const record = recordOf(project);
  if (!existsSync(record) || !existsSync(project.result)) return false;
  return readFileSync(record, "utf8") === stateOf(project);
}

async function build(project) {
  const draft = resolve(`.cache/${project.result}.draft`);
  rmSync(draft, { recursive: true, force: true });
  const args = ["node_modules/typescript/bin/tsc", "-p", project.project, "--outDir", draft, "--incremental", "false"];
  const outcome = await runNode(args, { limitMs: BUILD_LIMIT_MS });
  if (outcome.ok) {
    // Swapped in whole: who runs from the old one loses nothing half-way, and no file of a deleted source stays.
    rmSync(project.result, { recursive: true, force: true });
    renameSync(draft, project.result);
    mkdirSync(dirname(recordOf(project)), { recursive: true });
    writeFileSync(recordOf(project), stateOf(project));
  }
  rmSync(draft, { recursive: true, force: true });
  return outcome;
}

const recordOf = ({ result }) => `.cache/${result}.built`;

/** One text that changes with what a project is made of and with what it was made into. */
function stateOf({ project, sources, result }) {
  return [contentOf([project, "package-lock.json", ...sources]), contentOf([result])].join("\n");
}

/** Neither is built. */
const NOT_BUILT = /\.(test|types)\.ts$/;

/** A digest of names and contents of everything below the paths. */
function contentOf(paths) {
  const hash = createHash("sha256");
  const add = (path) => {
    const info = statSync(path, { throwIfNoEntry: false });
    if (info === undefined || NOT_BUILT.test(path)) return;
    if (info.isDirectory()) for (const name of readdirSync(path).sort()) add(join(path, name));
    else hash.update(`${path}\0${info.size}\0`).update(readFileSync(path));
  };
  for (const path of paths) add(path);
  return hash.digest("hex");
}
