import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { GENERATED_FOLDERS, renderAll } from "../src/render/sync.ts";
import { codeBlocks, compileErrors, listPages } from "./docs/code-blocks.ts";
import { deadLinks } from "./docs/links.ts";
import { undocumentedSymbols } from "./docs/public-symbols.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = listPages(root);
const blocks = pages.flatMap((page) => codeBlocks(root, page));

describe("generated files", () => {
  let rendered: ReadonlyMap<string, string>;
  beforeAll(async () => {
    rendered = await renderAll(root);
  });

  test("are fresh; if not, run `npm run sync`", () => {
    const stale = [...rendered].filter(([path, text]) => {
      return !existsSync(join(root, path)) || readFileSync(join(root, path), "utf8") !== text;
    });
    expect(stale.map(([path]) => path)).toEqual([]);
  });

  test("are all that stands in their folders", () => {
    const found = GENERATED_FOLDERS.flatMap((folder) =>
      readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
    );
    expect(found.filter((path) => !rendered.has(path))).toEqual([]);
  });
});

test("everything that busbar exports says what it is", () => {
  expect(undocumentedSymbols(root)).toEqual([]);
}, 60_000);

describe("the pages", () => {
  test("have TypeScript that compiles, or say why it does not", () => {
    const typescript = blocks.filter(({ language }) => language === "ts");
    expect(typescript.length).toBeGreaterThan(5);
    const unexplained = typescript.filter(({ mark }) => mark !== "" && !/^no-check: \S/.test(mark));
    expect(unexplained.map(({ file, line, mark }) => `${file}:${line}: ${mark}`)).toEqual([]);
    expect(
      compileErrors(
        root,
        typescript.filter(({ mark }) => mark === ""),
      ),
    ).toEqual([]);
  }, 60_000);

  test("have links that lead somewhere", () => {
    expect(pages.flatMap((page) => deadLinks(root, page))).toEqual([]);
  });

  test("show configurations that the schema accepts", () => {
    const validate = schemaValidator();
    const files = blocks.filter(({ language, text }) => language === "yaml" && /^connectors:/m.test(text));
    expect(files.length).toBeGreaterThan(1);
    const wrong = files.flatMap(({ file, line, text }) =>
      validate(parse(text)) ? [] : [`${file}:${line}: ${JSON.stringify(validate.errors)}`],
    );
    expect(wrong).toEqual([]);
  });

  test("come with examples whose configurations the schema accepts", () => {
    const validate = schemaValidator();
    const files = readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.ya?ml$/.test(name) && !name.includes("node_modules"))
      .map((name) => `examples/${name}`);
    expect(files.length).toBeGreaterThan(0);
    const wrong = files.flatMap((file) =>
      validate(parse(readFileSync(join(root, file), "utf8"))) ? [] : [`${file}: ${JSON.stringify(validate.errors)}`],
    );
    expect(wrong).toEqual([]);
  });

  test("name every dependency and nothing that is not one", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const { dependencies, devDependencies, peerDependencies } = manifest;
    const names = Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies });
    const text = readFileSync(join(root, "docs/guides/dependencies.md"), "utf8").split("## Not taken")[0]!;
    const rows = text.split("\n").filter((line) => line.startsWith("| ") && !/^\| (package|---)/.test(line));
    const named = rows.flatMap((row) => row.split("|")[1]!.split(",")).map((cell) => cell.trim().split(" ")[0]!);
    expect(named.sort()).toEqual([...names, ...repeats(named)].sort());
  });
});

function repeats(names: readonly string[]): string[] {
  return names.filter((name, at) => names.indexOf(name) !== at);
}

function schemaValidator() {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  addFormats.default(ajv);
  return ajv.compile(JSON.parse(readFileSync(join(root, "schema/connectors.schema.json"), "utf8")));
}
