/** All of stdin as text. */
import { orAborted } from "../../core/abort.ts";

/** Throws the signal's reason when it aborts first. */
export function readStdin(signal: AbortSignal): Promise<string> {
  return orAborted(readAll(), signal);
}

async function readAll(): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}
