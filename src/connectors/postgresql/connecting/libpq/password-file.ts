/** libpq's password file (PostgreSQL manual, "The Password File"): lines of `host:port:database:user:password`. */
import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { ConnectorError } from "../../../../core/errors.ts";
import { Secret } from "../../../../core/secret.ts";

/** Whom a password is for. */
export interface Login {
  /** A folder for a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
}

/** Beyond this it is no password file. */
const MOST_BYTES = 2 ** 20;

/**
 * The first password in the file that fits; undefined where there is none, or no file. Throws `config_invalid` where others
 * than its owner can read it, which libpq passes over. `path`: empty is `~/.pgpass`.
 */
export async function passwordIn(path: string, login: Login): Promise<Secret | undefined> {
  const file = path === "" ? join(homedir(), ".pgpass") : path;
  const about = await stat(file).catch(() => undefined);
  if (about === undefined || !about.isFile() || about.size > MOST_BYTES) return undefined;
  if (process.platform !== "win32" && (about.mode & 0o077) !== 0) throw isOpen();
  // As if there were none: the server says whether a password is needed.
  const text = await readFile(file, "utf8").catch(() => "");
  const password = findPassword(text, login);
  return password === undefined ? undefined : new Secret(password);
}

function isOpen(): ConnectorError {
  return new ConnectorError("config_invalid", "The password file can be read by others than its owner", {
    outcome: "none",
    hint: "chmod 600",
  });
}

function findPassword(text: string, { host, port, database, username }: Login): string | undefined {
  const wanted = [host.startsWith("/") ? "localhost" : host, String(port), database, username];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields = [...line.matchAll(/((?:\\.|[^:\\])*)(?::|$)/g)].slice(0, 4).map(([, field = ""]) => field);
    const fits = (field: string, at: number): boolean =>
      field === "*" || unescape(field) === wanted[at] || (at === 0 && unescape(field) === host);
    if (fields.length < 4 || !fields.every(fits)) continue;
    const rest = line.slice(fields.join(":").length + 1);
    if (rest !== "") return unescape(rest);
  }
  return undefined;
}

const unescape = (field: string): string => field.replace(/\\(.)/g, "$1");
