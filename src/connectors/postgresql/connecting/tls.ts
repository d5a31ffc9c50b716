/** TLS as the driver takes it. */
import { readFile } from "node:fs/promises";
import { createSecureContext, type ConnectionOptions } from "node:tls";
import { ConnectorError } from "../../../core/errors.ts";
import type { Secret } from "../../../core/secret.ts";

/** PEM text, or the file that holds it, which is read for every connection: a renewed one needs no restart. */
type Text = string | Secret | { readonly file: string };

/** How TLS is used. */
export interface TlsSettings {
  /** `verify-ca` checks the certificate and not its name, `require` neither. */
  readonly mode: "require" | "verify-ca" | "verify-full";
  readonly ca?: Text | undefined;
  readonly cert?: Text | undefined;
  readonly key?: Text | undefined;
  readonly passphrase?: Secret | undefined;
  readonly servername?: string | undefined;
}

/** False is without. */
export async function tlsOptions(settings: TlsSettings | false): Promise<ConnectionOptions | false> {
  if (settings === false) return false;
  const { mode, passphrase, servername } = settings;
  const [ca, cert, key] = await Promise.all([
    textOf("ca", settings.ca),
    textOf("cert", settings.cert),
    textOf("key", settings.key),
  ]);
  try {
    return {
      secureContext: createSecureContext({ ca, cert, key, passphrase: passphrase?.reveal() }),
      rejectUnauthorized: mode !== "require",
      ...(mode === "verify-ca" ? { checkServerIdentity: () => undefined } : {}),
      ...(servername === undefined ? {} : { servername }),
    };
  } catch (error) {
    throw new ConnectorError("config_invalid", "ca, cert, key and passphrase in ssl do not fit together as PEM text", {
      outcome: "none",
      cause: error,
    });
  }
}

async function textOf(what: string, text: Text | undefined): Promise<string | undefined> {
  if (text === undefined || typeof text === "string") return text;
  if (!("file" in text)) return text.reveal();
  try {
    return await readFile(text.file, "utf8");
  } catch (error) {
    const { code = "unreadable" } = error as NodeJS.ErrnoException;
    throw new ConnectorError("config_invalid", `The file of the ${what} for TLS cannot be read (${code})`, {
      outcome: "none",
      cause: error,
    });
  }
}
