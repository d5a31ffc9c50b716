/** Translates TypeScript of this repository when it is loaded. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const cache = fileURLToPath(new URL("../.cache/worker-sources/", import.meta.url));

export async function load(url, context, nextLoad) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return nextLoad(url, context);
  return { format: "module", shortCircuit: true, source: await translated(readFileSync(fileURLToPath(url), "utf8")) };
}

async function translated(text) {
  const file = join(cache, `${createHash("sha256").update(text).digest("hex")}.mjs`);
  try {
    return readFileSync(file, "utf8");
  } catch {
    const { default: ts } = await import("typescript");
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true },
    });
    mkdirSync(cache, { recursive: true });
    // Several threads may come at once.
    const own = `${file}.${process.pid}.${Math.random()}`;
    writeFileSync(own, outputText);
    renameSync(own, file);
    return outputText;
  }
}
