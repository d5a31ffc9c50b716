/**
 * The package as its users get it: packed, installed into an empty project, imported, required, type-checked and run.
 *
 * Nothing here looks at `src`. Dependencies come from npm's cache where that has them; no driver is installed, which is
 * what shows that importing busbar loads none.
 */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { execute, node, npm } from "./package/execute.ts";
import { contentsOf, type Packed } from "./package/contents.ts";

const root = resolve(import.meta.dirname, "..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

/** Compilers and npm on a machine that does everything else at the same time. */
vi.setConfig({ testTimeout: 150_000, hookTimeout: 180_000 });

let project = "";
let packed: Packed;
let tarball: string;

beforeAll(async () => {
  await node(["scripts/run.mjs", "build"], { cwd: root });
  project = mkdtempSync(join(placeWithoutPackages(), "busbar-package-"));
  const report = await npm(["pack", "--ignore-scripts", "--json", "--pack-destination", project], { cwd: root });
  packed = contentsOf(report);
  tarball = join(project, packed.filename);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  await npm(["install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", tarball], { cwd: project });
});

afterAll(() => project && rmSync(project, { recursive: true, force: true }));

test("the tarball holds the build, the schema, the docs and nothing else", () => {
  const allowed = [
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md)$/,
    /^dist\/.+\.(js|d\.ts)$/,
    /^schema\/[\w.-]+\.json$/,
    /^docs\/.+\.md$/,
  ];
  expect(packed.paths.filter((path) => !allowed.some((pattern) => pattern.test(path)))).toEqual([]);
  expect(packed.paths.filter((path) => /\.(test|types)\.|fixture|(^|\/)test\//.test(path))).toEqual([]);
  for (const path of ["LICENSE", "README.md", "dist/index.js", "dist/index.d.ts", "schema/connectors.schema.json"])
    expect(packed.paths).toContain(path);
  process.stdout.write(
    `The tarball: ${packed.kilobytes} kB, unpacked ${packed.unpackedKilobytes} kB, ${packed.paths.length} files\n`,
  );
});

test("it installs without drivers", async () => {
  const tree = await npm(["ls", "--all", "--parseable"], { cwd: project });
  const names = tree.split("\n").map((line) => line.slice(line.lastIndexOf("node_modules/") + 13));
  expect(names).not.toContain("pg");
  expect(names).not.toContain("vitest");
});

test("import and require both give the library", async () => {
  const names = `Object.keys(busbar).includes("openHub") && typeof busbar.defineConnector`;
  const imported = await node(
    ["--input-type=module", "-e", `import * as busbar from "busbar"; console.log(${names})`],
    {
      cwd: project,
    },
  );
  const required = await node(
    ["--input-type=commonjs", "-e", `const busbar = require("busbar"); console.log(${names})`],
    {
      cwd: project,
    },
  );
  expect([imported.trim(), required.trim()]).toEqual(["function", "function"]);
});

test("importing it loads no driver, no YAML and no HTTP client", async () => {
  const loaded = await node(["--import", hookFile(), "-e", `import("busbar")`], { cwd: project });
  const packages = new Set(loaded.match(/(?<=node_modules\/)(@[^/]+\/)?[^/@]+(?=\/)/g));
  expect([...packages].sort()).toEqual(["busbar", "zod"]);
});

test("a connector whose driver is not installed says what to install", async () => {
  const program = `
    import { PostgreSQLConnector } from "busbar/connectors/postgresql";
    const db = new PostgreSQLConnector({ host: "localhost", database: "a", username: "a", password: "secret" });
    await db.connect().catch((error) => console.log(JSON.stringify([error.kind, error.hint])));`;
  const said = await node(["--input-type=module", "-e", program], { cwd: project });
  expect(JSON.parse(said)).toEqual(["config_invalid", expect.stringMatching(/^npm i pg/)]);
});

test("the command runs", async () => {
  const command = join(project, "node_modules/.bin/busbar");
  expect((await execute(command, ["--version"], { cwd: project })).trim()).toBe(version);
  expect(await execute(command, ["--help"], { cwd: project })).toContain("Usage: busbar");
});

test.each(["nodenext", "bundler"])("types resolve with moduleResolution %s, our own included", async (resolution) => {
  writeFileSync(join(project, "consumer.ts"), readFileSync(join(import.meta.dirname, "package/consumer.ts")));
  writeFileSync(
    join(project, `tsconfig.${resolution}.json`),
    JSON.stringify({
      compilerOptions: {
        ...{ noEmit: true, strict: true, skipLibCheck: false, target: "es2023", lib: ["es2023", "esnext.disposable"] },
        ...{ module: resolution === "bundler" ? "esnext" : "nodenext", moduleResolution: resolution },
        ...{ types: ["node"], typeRoots: [join(root, "node_modules/@types")] },
      },
      files: ["consumer.ts"],
    }),
  );
  await node([join(root, "node_modules/typescript/bin/tsc"), "-p", `tsconfig.${resolution}.json`], { cwd: project });
});

test("publint finds nothing", async () => {
  const bytes = readFileSync(tarball);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

test("are the types wrong? says no, for a package of ES modules only", async () => {
  // `esm-only` leaves out what cannot hold here: `require` of ES modules, which Node has had since 20.19, still counts
  // as a fault there, and resolution of the time before `exports` (node10) knows no subpaths.
  const program = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
  const behindWildcards = ["connectors/postgresql", "connectors/rest"];
  const args = ["--profile", "esm-only", "--format", "ascii", "--include-entrypoints", ...behindWildcards];
  await node([program, tarball, ...args], { cwd: project });
});

/** Node looks for packages in every folder above, and would find there what is not installed here. */
function placeWithoutPackages(): string {
  const places = [tmpdir(), "/var/tmp", homedir()]
    .filter((place) => existsSync(place))
    .map((place) => realpathSync(place));
  const isClean = (folder: string): boolean =>
    !existsSync(join(folder, "node_modules")) && (dirname(folder) === folder || isClean(dirname(folder)));
  const place = places.find(isClean);
  if (place === undefined) throw new Error(`Each of ${places.join(", ")} has a node_modules in it or above it`);
  return place;
}

/** Registers a hook that prints the address of every module that is loaded. */
function hookFile(): string {
  const hook = `
    import { writeSync } from "node:fs";
    export async function load(url, context, next) { writeSync(1, url + "\\n"); return next(url, context); }`;
  const file = join(project, "print-loads.mjs");
  writeFileSync(
    file,
    `import { register } from "node:module";\nregister("data:text/javascript,${encodeURIComponent(hook)}");`,
  );
  return `file://${file}`;
}
