/** What `busbar` and its subpaths export, and whether each says what it is. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";

/** Exported symbols without a docstring, as `file: name`. */
export function undocumentedSymbols(root: string): string[] {
  const config = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config.config, files: [] }, ts.sys, root);
  const program = ts.createProgram(entryPoints(root), { ...options, noEmit: true, incremental: false });
  const checker = program.getTypeChecker();
  return entryPoints(root).flatMap((entry) => {
    const source = program.getSourceFile(entry);
    const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
    if (module === undefined) return [`${relative(root, entry)}: exports nothing`];
    return checker
      .getExportsOfModule(module)
      .filter((exported) => {
        const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
        return symbol.getDocumentationComment(checker).length === 0;
      })
      .map(({ name }) => `${relative(root, entry)}: ${name}`);
  });
}

/** The modules behind the `exports` of package.json; a `*` stands for each folder that is there. */
function entryPoints(root: string): string[] {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { exports: Record<string, unknown> };
  return Object.entries(manifest.exports)
    .filter(([, target]) => typeof target === "object")
    .flatMap(([subpath]) => {
      const folder = join(root, "src", subpath);
      if (!folder.endsWith("*")) return [join(folder, "index.ts")];
      const above = folder.slice(0, -1);
      const folders = readdirSync(above, { withFileTypes: true }).filter((entry) => entry.isDirectory());
      return folders.map(({ name }) => join(above, name, "index.ts"));
    });
}
