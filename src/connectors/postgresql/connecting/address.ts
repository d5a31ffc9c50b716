/**
 * From fields, URL and `PG*` variables to one address.
 *
 * Fields and URL must not say the same twice. Variables only fill what neither says, each by itself, as libpq has it: a
 * `PGPORT` goes with a host of the URL. TLS is one thing in `ssl`, which stands for all of it.
 */
import type { z } from "zod";
import type { tls } from "../../../config/fields.ts";
import { MISSING, SAID_TWICE, SSL_SAID_TWICE } from "../../../contracts/sql/address.ts";
import type { Secret } from "../../../core/secret.ts";
import type { ChannelBinding } from "./authentication/watch-authentication.ts";
import type { KeywordTls, Said } from "./libpq/keywords.ts";
import type { Place } from "./suitable.ts";
import type { TlsSettings } from "./tls.ts";

/** The port of PostgreSQL. */
export const PORT = 5432;
const HOST = "localhost";

/** What a user has written, as parsed. */
export interface Written {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly database?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
  readonly ssl?: z.output<typeof tls> | undefined;
  readonly channelBinding?: ChannelBinding | undefined;
  readonly standbys?: readonly Place[] | undefined;
  readonly url?: Said | undefined;
  /** What the variables say, where they are asked. */
  readonly fromEnvironment?: Said | undefined;
}

/** Where the servers are, and who asks. */
export interface PostgreSQLAddress {
  /** In the order in which they are tried; at least one. */
  readonly places: readonly Place[];
  readonly database: string;
  readonly username: string;
  readonly password: Secret | undefined;
  /** Where a password is looked for if there is none; empty is the standard place. */
  readonly passfile: string | undefined;
  /** False is without. */
  readonly ssl: TlsSettings | false;
  readonly channelBinding: ChannelBinding;
}

type Refuse = (path: "url" | "fromEnvironment" | keyof Written, message: string) => void;

/** The address; `refuse` hears of everything that makes it none. */
export function addressOf(written: Written, refuse: Refuse = () => {}): PostgreSQLAddress {
  const { url = {}, fromEnvironment = {} } = written;
  const said = { ...fromEnvironment, ...url };
  refuseTwice(written, url, refuse);
  const { database = said.database, username = said.username } = written;
  if (written.url !== undefined && written.fromEnvironment === undefined) {
    if (database === undefined || username === undefined) refuse("url", "must name a user and a database");
  } else {
    const missing = (variable: string): string =>
      written.fromEnvironment === undefined ? MISSING : `is missing; ${variable} does not say it either`;
    if (database === undefined) refuse("database", missing("PGDATABASE"));
    if (username === undefined) refuse("username", missing("PGUSER"));
  }
  const { channelBinding = said.channelBinding ?? "prefer" } = written;
  const ssl = written.ssl === undefined ? tlsSaid(written, refuse) : tlsWritten(written.ssl);
  if (channelBinding === "require" && ssl === false)
    refuse(
      url.channelBinding === undefined ? "channelBinding" : "url",
      "needs TLS for its channel binding; say verify-full",
    );
  return {
    places: [...placesOf(written, said, refuse), ...(written.standbys ?? [])],
    database: database ?? "",
    username: username ?? "",
    password: written.password ?? said.password,
    passfile: said.passfile ?? (written.fromEnvironment && ""),
    ssl,
    channelBinding,
  };
}

function refuseTwice(written: Written, url: Said, refuse: Refuse): void {
  if (url.hosts !== undefined && written.host !== undefined) refuse("host", SAID_TWICE);
  if ((url.hosts ?? url.ports) !== undefined && written.port !== undefined) refuse("port", SAID_TWICE);
  for (const part of ["database", "username", "password", "channelBinding"] as const)
    if (url[part] !== undefined && written[part] !== undefined) refuse(part, SAID_TWICE);
  if (url.tls !== undefined && written.ssl !== undefined) refuse("ssl", SSL_SAID_TWICE);
  if ((url.hosts ?? []).length > 1 && written.standbys !== undefined) refuse("standbys", SAID_TWICE);
}

function placesOf(written: Written, said: Said, refuse: Refuse): readonly Place[] {
  const hosts = written.host === undefined ? (said.hosts ?? [HOST]) : [written.host];
  const ports = written.port === undefined ? (said.ports ?? [undefined]) : [written.port];
  if (ports.length !== 1 && ports.length !== hosts.length)
    refuse(
      written.url?.ports === undefined ? "fromEnvironment" : "url",
      "must have one port, or as many ports as there are hosts",
    );
  return hosts.map((host, at) => ({ host, port: (ports.length === 1 ? ports[0] : ports[at]) ?? PORT }));
}

function tlsWritten(ssl: z.output<typeof tls>): TlsSettings | false {
  if (ssl === false || ssl === "disable") return false;
  return typeof ssl === "object" ? ssl : { mode: ssl === "require" ? "require" : "verify-full" };
}

/** What URL and variables say of TLS. */
function tlsSaid({ url, fromEnvironment }: Written, refuse: Refuse): TlsSettings | false {
  const source = url?.tls === undefined ? "fromEnvironment" : "url";
  const { mode, ca, cert, key, passphrase }: KeywordTls = { ...fromEnvironment?.tls, ...url?.tls };
  if (mode === undefined && (ca ?? cert ?? key ?? passphrase) !== undefined)
    refuse(source, "names files for TLS and no sslmode, without which there is no TLS; say verify-full");
  if ((cert === undefined) !== (key === undefined)) refuse(source, "must name sslcert and sslkey together");
  if (ca === "system" && mode !== undefined && mode !== "verify-full")
    refuse(source, "must say sslmode verify-full where sslrootcert is system");
  if (mode === undefined || mode === "disable") return false;
  return {
    // As libpq: who names an authority wants it to be heeded.
    mode: mode === "require" && ca !== undefined ? "verify-ca" : mode,
    ca: ca === undefined || ca === "system" ? undefined : { file: ca },
    cert: cert === undefined ? undefined : { file: cert },
    key: key === undefined ? undefined : { file: key },
    passphrase,
  };
}
