import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BaseConnector, DefinedConnector, loadConfig, type LoadedConnector } from "../index.ts";

const TOY = fileURLToPath(new URL("../../test/hub/toy-connector.ts", import.meta.url));
const BY_HAND = `class Legacy {
  async connect() {} async disconnect() {} async execute() { return 1; } async healthCheck() { return {}; }
}`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "busbar-resolve-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
};
const load = async (entry: string, env: Record<string, string> = {}): Promise<LoadedConnector> => {
  const { connectors } = await loadConfig(await file("sub/c.yaml", `connectors: [{ name: a, ${entry} }]`), { env });
  return connectors[0]!;
};
const inPackage = async (name: string, manifest: object, files: Record<string, string>): Promise<void> => {
  await file(`node_modules/${name}/package.json`, JSON.stringify({ name, ...manifest }));
  for (const [path, text] of Object.entries(files)) await file(`node_modules/${name}/${path}`, text);
};

describe("a provider", () => {
  test("that is left out is the type's default", async () => {
    expect(await load("type: rest-api, connection: { baseURL: 'https://h.example' }")).toMatchObject({
      provider: "rest",
    });
  });

  test("may be a path beside the file", async () => {
    await file("sub/legacy.mjs", `export default ${BY_HAND}`);
    expect(await load("type: custom, provider: ./legacy.mjs")).toMatchObject({ provider: "./legacy.mjs" });
    await file("outer.mjs", `export default ${BY_HAND}`);
    expect(await load("type: custom, provider: ../outer.mjs")).toMatchObject({ type: "custom" });
  });

  test("may be a connector made by defineConnector, at any path, named by a variable", async () => {
    const toy = await load('type: custom, provider: "${TOY}", connection: { host: h }', { TOY });
    expect(toy.definition.provider).toBe("toy");
    await expect(load('type: custom, provider: "${TOY}", connection: { hots: h }', { TOY })).rejects.toThrow(
      /c\.yaml:1:\d+: a\.connection\.hots: unknown name "hots"; did you mean "host"\?/,
    );
  });

  test("in a later file is found beside that file", async () => {
    await file("over/mine.mjs", `export default ${BY_HAND}`);
    const base = await file("base/c.yaml", "connectors: [{ name: a, type: custom, provider: ./none.mjs }]");
    const later = await file("over/c.yaml", "connectors: [{ name: a, provider: ./mine.mjs }]");
    expect((await loadConfig([base, later])).connectors).toHaveLength(1);
  });

  test.each<[string, string, object, Record<string, string>]>([
    [
      "that offers import alone",
      "@acme/erp",
      { exports: { ".": { types: "./x.d.ts", import: "./i.mjs" } } },
      { "i.mjs": `export default ${BY_HAND}` },
    ],
    [
      "with one export",
      "@acme/erp",
      { exports: { import: { default: "./i.mjs" } } },
      { "i.mjs": `export default ${BY_HAND}` },
    ],
    ["of CommonJS", "@acme/erp", { main: "./m.cjs" }, { "m.cjs": `module.exports = ${BY_HAND}` }],
    [
      "compiled from ESM to CommonJS",
      "@acme/erp",
      { main: "./m.cjs" },
      { "m.cjs": `exports.__esModule = true; exports.default = ${BY_HAND}` },
    ],
    [
      "with a subpath",
      "@acme/all/erp",
      { name: "@acme/all", exports: { "./erp": { import: "./e.mjs" } } },
      { "e.mjs": `export default ${BY_HAND}` },
    ],
    [
      "without a scope",
      "erp-connector",
      { type: "module", exports: "./e.js" },
      { "e.js": `export default ${BY_HAND}` },
    ],
  ])("may be a package %s", async (_, provider, manifest, files) => {
    await inPackage(provider === "@acme/all/erp" ? "@acme/all" : provider, manifest, files);
    expect(await load(`type: custom, provider: "${provider}"`)).toMatchObject({ provider });
  });

  test("may in code be a class, or a path from the working directory", async () => {
    class Legacy extends BaseConnector {}
    const byClass = await loadConfig({ connectors: [{ name: "a", type: "custom", provider: Legacy }] });
    expect(byClass.connectors[0]).toMatchObject({ provider: "Legacy", type: "custom" });
    const path = `./${relative(process.cwd(), TOY)}`;
    const connection = { host: "h" };
    const byPath = await loadConfig({ connectors: [{ name: "a", type: "custom", provider: path, connection }] });
    expect(byPath.connectors[0]!.definition.title).toBe("Toy");
  });
});

describe("a provider is refused, with its line,", () => {
  const refusal = async (entry: string, env?: Record<string, string>): Promise<string> => {
    const error: unknown = await load(entry, env).catch((thrown: unknown) => thrown);
    return (error as Error).message.replaceAll(`${join(folder, "sub")}/`, "");
  };

  test("that nobody knows", async () => {
    expect(await refusal("type: database, provider: postgress")).toBe(
      'Invalid configuration: c.yaml:1:51: a.provider: unknown provider "postgress"; did you mean "postgresql"?; ' +
        "allowed: mysql, postgresql, sqlite, rest, an installed package, or a path such as ./connector.js",
    );
    expect(await refusal('type: custom, provider: "@acme/none"')).toMatch(/unknown provider "@acme\/none"/);
    expect(await refusal("type: custom, provider: fs")).toMatch(/unknown provider "fs"/);
    expect(await refusal("type: custom, provider: node:fs")).toMatch(/unknown provider "node:fs"/);
  });

  test("whose file is not there", async () => {
    expect(await refusal("type: custom, provider: ./none.mjs")).toMatch(/a\.provider: there is no file \.\/none\.mjs$/);
    expect(await refusal("type: custom, provider: ./")).toMatch(/there is no file/);
  });

  test.each([
    ["without a default export", "export const a = 1", '"./m.mjs" has no class of a connector as its default export'],
    ["with another default export", "export default { a: 1 }", "has no class of a connector as its default export"],
    ["with a function", "export default () => {}", "has no class of a connector as its default export"],
    [
      "with a definition",
      "export default { operations: {}, open() {} }",
      '"./m.mjs" exports a definition; wrap it in defineConnector(…)',
    ],
    [
      "of another copy of busbar",
      "export default class { static definition = { operations: {}, open() {} } }",
      "it must have busbar as a peer dependency",
    ],
    ["that throws", "throw new Error('no licence\\nsecond line')", '"./m.mjs" cannot be loaded: no licence'],
    ["that throws nothing", "throw undefined", '"./m.mjs" cannot be loaded: undefined'],
    ["with a typo", "export default clas", '"./m.mjs" cannot be loaded: '],
    ["that imports what is not there", "import 'not-there-at-all'", '"./m.mjs" cannot be loaded: '],
  ])("whose module is one %s", async (_, text, message) => {
    await file("sub/m.mjs", text);
    expect(await refusal("type: custom, provider: ./m.mjs")).toContain(message);
  });

  test("that is a package of a similar name without a connector", async () => {
    await inPackage("postgres", { exports: "./p.mjs" }, { "p.mjs": "export default () => {}" });
    expect(await refusal("type: database, provider: postgres")).toMatch(
      /"postgres" has no class of a connector as its default export; did you mean "postgresql"\?$/,
    );
    await inPackage("postgresq", { exports: "./p.cjs" }, { "p.cjs": "module.exports = function Postgres() {}" });
    expect(await refusal("type: database, provider: postgresq")).toMatch(
      /unknown provider "postgresq"; did you mean "postgresql"\?/,
    );
    await inPackage("broken", {}, {});
    await file("node_modules/broken/package.json", "{");
    expect(await refusal("type: custom, provider: broken")).toMatch(/unknown provider "broken"/);
  });

  test("where it is left out and the type has no default", async () => {
    expect(await refusal("type: database")).toMatch(
      /c\.yaml:1:16: a\.provider: is missing; for type "database" it is mysql, postgresql, sqlite, /,
    );
    expect(await refusal("type: message-queue")).toMatch(/for type "message-queue" it is a package, or a path/);
  });

  test("that does not fit the type", async () => {
    expect(await refusal("type: custom, provider: rest, connection: { baseURL: 'https://h.example' }")).toBe(
      'Invalid configuration: c.yaml:1:31: a.type: "custom" does not fit provider "rest"; expected "rest-api"',
    );
    expect(await refusal('type: database, provider: "${TOY}", connection: { host: h }', { TOY })).toBe(
      `Invalid configuration: c.yaml:1:31: a.type: "database" does not fit provider "${TOY}"; expected "custom"`,
    );
  });

  test.each([[5], [true], [null], [[]], [{}]])("that is no name: %j", async (provider) => {
    expect(await refusal(`type: custom, provider: ${JSON.stringify(provider)}`)).toMatch(
      /a\.provider: expected text, found /,
    );
  });

  test("that is the bare class of the contract", async () => {
    for (const provider of [BaseConnector, DefinedConnector])
      await expect(
        loadConfig({ connectors: [{ name: "a", type: "custom", provider: provider as never }] }),
      ).rejects.toThrow("has no class of a connector");
  });
});
