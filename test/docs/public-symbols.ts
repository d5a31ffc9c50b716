/** What `busbar` and its subpaths export, and whether each says what it is. */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";

/** Exported symbols without a docstring, as `file: name`. */
export function undocumentedSymbols(root: string): string[] {
  const config = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config.config, files: [] }, ts.sys, root);
  const program = ts.createProgram(entryPoints(root), { ...options, noEmit: true, incremental: false });
  const checker = program.getTypeChecker();
  return entryPoints(root).flatMap((entry) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!);
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

/** The modules behind the `exports` of package.json. */
function entryPoints(root: string): string[] {
  const families = ["connectors", "contracts"].flatMap((folder) =>
    readdirSync(join(root, "src", folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(root, "src", folder, name, "index.ts")),
  );
  const own = ["src", "src/observers", "src/testkit"].map((folder) => join(root, folder, "index.ts"));
  return [...own, ...families];
}
