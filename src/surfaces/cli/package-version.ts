/** The version of the package that this is part of. */
import { readFileSync } from "node:fs";

export function packageVersion(): string {
  const facts = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(facts) as { readonly version: string }).version;
}
