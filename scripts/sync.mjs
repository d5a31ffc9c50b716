/** Writes the generated files; with `--check`, writes nothing and fails where one is stale. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { GENERATED_FOLDERS, renderAll } from "../dist/render/sync.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const files = await renderAll(root);
const stale = [];
for (const [path, text] of files) {
  const found = await readFile(join(root, path), "utf8").catch(() => undefined);
  if (found !== text) stale.push({ path, text });
}
for (const folder of GENERATED_FOLDERS)
  for (const name of await readdir(join(root, folder)).catch(() => []))
    if (!files.has(`${folder}/${name}`)) stale.push({ path: `${folder}/${name}`, text: undefined });

if (process.argv.includes("--check")) {
  for (const { path, text } of stale) console.error(`${path} is ${text === undefined ? "left over" : "stale"}`);
  if (stale.length > 0) console.error("Run: npm run sync");
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const { path, text } of stale) {
    if (text === undefined) await rm(join(root, path));
    else {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    console.log(`${text === undefined ? "removed" : "wrote"} ${path}`);
  }
}
