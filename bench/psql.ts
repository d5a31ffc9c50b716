/** PostgreSQL's own program, as the floor of what moves many rows. */
import { spawn } from "node:child_process";
import { once } from "node:events";

/** Runs shell text in which `"$0"` and `"$1"` are URLs of databases; rejects where it fails. */
export async function shell(text: string, urls: readonly string[]): Promise<void> {
  const child = spawn("sh", ["-c", `set -e; ${text}`, ...urls], { stdio: ["ignore", "ignore", "inherit"] });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`psql, which has to be on the PATH, ended with ${code}`);
}
