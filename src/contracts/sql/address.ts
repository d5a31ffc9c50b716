/** Where a database server is and who asks, told by fields or by one URL; the same names in every SQL connector. */
import { z } from "zod";
import { secret, tls } from "../../config/fields.ts";
import { Secret } from "../../core/secret.ts";

type Tls = z.output<typeof tls>;

/** Where a server is, whatever way it was told. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: Secret | undefined;
  readonly ssl: Tls;
}

/** What differs between systems. */
export interface AddressSystem {
  readonly port: number;
  /** The schemes of its URLs, the one to write first. */
  readonly schemes: readonly string[];
}

type Written = { readonly [K in keyof Address]?: Address[K] | undefined };
/** What a URL says, and the URL itself. */
type FromUrl = Written & { readonly text: Secret };

const PARTS = ["host", "port", "database", "username", "password"] as const;
const SSL_MODES = ["disable", "require", "verify-full"] as const;
const HOST = "localhost";

/** The fields of an address without its URL. */
// eslint-disable-next-line no-restricted-syntax -- the schema is the type
export function addressParts({ port }: Pick<AddressSystem, "port">) {
  return {
    host: named("Host name or address, or the folder of a Unix socket.", HOST),
    port: z.int().min(1).max(65_535).optional().meta({ description: "TCP port.", default: port }),
    database: named("Name of the database."),
    username: named("Name of the user."),
    password: secret("Password of the user.").optional(),
    ssl: tls.optional().meta({
      description:
        "TLS, off unless said: `true` or `verify-full` encrypts and checks the server's certificate and name, `require` only encrypts. Say `verify-full` wherever the network is not your own.",
      default: false,
    }),
  };
}

/** The `connection` of a database server. */
// eslint-disable-next-line no-restricted-syntax -- the schema is the type
export function addressFields(system: AddressSystem) {
  const { port, schemes } = system;
  const url = secret(
    `Everything above as one URL, instead of it: ${schemes[0]}://user:password@host:${port}/database; \`?sslmode=\` may follow.`,
  ).transform((text, context): FromUrl => {
    const parsed = parseUrl(text, schemes);
    if (typeof parsed !== "string") return { ...parsed, text };
    context.addIssue({ code: "custom", message: parsed });
    return z.NEVER;
  });
  return z.strictObject({ ...addressParts(system), url: url.optional() }).superRefine((written, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    const { url } = written;
    if (url === undefined) {
      for (const part of ["database", "username"] as const) if (written[part] === undefined) refuse(part, MISSING);
      return;
    }
    for (const part of PARTS)
      if (written[part] !== undefined && url[part === "port" ? "host" : part] !== undefined) refuse(part, SAID_TWICE);
    if (url.ssl !== undefined && written.ssl !== undefined) refuse("ssl", SSL_SAID_TWICE);
  });
}

/** What is said of a field that is neither there nor in a URL. */
export const MISSING = "is missing; expected text, or a `url` that says it";
/** What is said of a field that the URL has too. */
export const SAID_TWICE = "stands in `url` already; say it once";
/** The same of `ssl`. */
export const SSL_SAID_TWICE = "stands in `url` already, as `sslmode`; say it once";

/** The address that checked fields tell. */
export function addressOf(written: Written & { readonly url?: FromUrl | undefined }, system: AddressSystem): Address {
  const { host = HOST, port = system.port, database = "", username = "", password, ssl = false } = said(written);
  return { host, port, database, username, password, ssl };
}

/** The fields, and what the URL says beside them. */
function said({ url = {}, ...fields }: Written & { readonly url?: Written | undefined }): Written {
  const written = Object.entries(fields).filter(([, each]) => each !== undefined);
  return { ...url, ...(Object.fromEntries(written) as Written) };
}

const named = (description: string, standard?: string) =>
  z
    .string()
    .min(1)
    .optional()
    .meta({ description, ...(standard === undefined ? {} : { default: standard }) });

/** What the URL says, or what is wrong with it, without repeating it. */
function parseUrl(text: Secret, schemes: readonly string[]): Written | string {
  let url: URL;
  try {
    url = new URL(text.reveal());
  } catch {
    return "is not a URL; characters such as #, / and @ in the password must be percent-encoded";
  }
  if (!schemes.includes(url.protocol.slice(0, -1))) return `must begin with ${schemes[0]}://`;
  const other = [...url.searchParams.keys()].find((key) => key !== "sslmode");
  if (other !== undefined) return "has a parameter that is not understood; only sslmode is";
  const asked = url.searchParams.get("sslmode") ?? undefined;
  const ssl = SSL_MODES.find((mode) => mode === asked);
  if (ssl !== asked) return `must have an sslmode of ${SSL_MODES.join(", ")}`;
  try {
    const database = part(url.pathname.slice(1));
    const username = part(url.username);
    if (database === undefined || username === undefined) return "must name a user and a database";
    const password = url.password === "" ? undefined : new Secret(decodeURIComponent(url.password));
    const host = part(url.hostname.replace(/^\[|\]$/g, ""));
    const port = url.port === "" ? undefined : Number(url.port);
    return { host, port, database, username, password, ssl };
  } catch {
    return "has a % that is no percent-encoding";
  }
}

const part = (text: string): string | undefined => (text === "" ? undefined : decodeURIComponent(text));
