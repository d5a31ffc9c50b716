/**
 * What libpq calls its connection parameters (PostgreSQL manual, "Parameter Key Words"): URLs and `PG*` variables say the
 * same under these names. Read here once, and strictly: what would not be heeded is refused, as it may be what keeps a
 * connection safe.
 *
 * One thing is not as in libpq: no mode of TLS gives up encryption because somebody says that there is none. So `prefer` and
 * `allow` are refused, and saying nothing is `disable`.
 */
import { Secret } from "../../../../core/secret.ts";
import type { ChannelBinding } from "../authentication/watch-authentication.ts";
import type { TargetSession } from "../suitable.ts";

const KEYWORDS = [
  "host",
  "port",
  "dbname",
  "user",
  "password",
  "passfile",
  "sslmode",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "sslpassword",
  "channel_binding",
  "target_session_attrs",
  "application_name",
  "connect_timeout",
] as const;

/** A parameter that is understood. */
export type Keyword = (typeof KEYWORDS)[number];
/** All that are understood. */
export const keywords: readonly Keyword[] = KEYWORDS;

/** Parameters as text, as they were written; nothing stands for what was not. */
export type Keywords = { readonly [K in Keyword]?: string };

const TLS_MODES = ["disable", "require", "verify-ca", "verify-full"] as const;

/** How TLS is used, and in which files what it needs is found. */
export interface KeywordTls {
  readonly mode?: (typeof TLS_MODES)[number] | undefined;
  /** `system` is what Node trusts by itself. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly passphrase?: Secret | undefined;
}

/** What parameters say. */
export interface Said {
  readonly hosts?: readonly string[];
  /** One, or one for each host; undefined is the standard one. */
  readonly ports?: readonly (number | undefined)[];
  readonly database?: string;
  readonly username?: string;
  readonly password?: Secret;
  readonly passfile?: string;
  readonly tls?: KeywordTls;
  readonly channelBinding?: ChannelBinding;
  readonly targetSessionAttrs?: TargetSession;
  readonly applicationName?: string;
  /** For each server; 0 means no limit. */
  readonly connectTimeoutMs?: number;
}

/** What is wrong with a parameter; never with its value. */
export interface KeywordProblem {
  readonly keyword: Keyword;
  readonly problem: string;
}

/** What they say, or the first thing that is wrong. */
export function readKeywords(written: Keywords): Said | KeywordProblem {
  let problem: KeywordProblem | undefined;
  const read = <T>(keyword: Keyword, reader: (text: string) => T | Refusal): T | undefined => {
    const text = written[keyword];
    if (text === undefined) return undefined;
    const value = text.includes("\0") ? refusal("must not contain the character NUL") : reader(text);
    if (!(value instanceof Refusal)) return value;
    problem ??= { keyword, problem: value.why };
    return undefined;
  };
  const tls = {
    mode: read("sslmode", readMode),
    ca: read("sslrootcert", asItIs),
    cert: read("sslcert", asItIs),
    key: read("sslkey", asItIs),
    passphrase: read("sslpassword", asSecret),
  };
  const all = {
    hosts: read("host", readHosts),
    ports: read("port", readPorts),
    database: read("dbname", asItIs),
    username: read("user", asItIs),
    password: read("password", asSecret),
    passfile: read("passfile", asItIs),
    tls: Object.values(tls).some((each) => each !== undefined) ? withoutGaps(tls) : undefined,
    channelBinding: read("channel_binding", oneOf("disable", "prefer", "require")),
    targetSessionAttrs: read(
      "target_session_attrs",
      oneOf("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    ),
    applicationName: read("application_name", readApplicationName),
    connectTimeoutMs: read("connect_timeout", readSeconds),
  };
  return problem ?? (withoutGaps(all) as Said);
}

class Refusal {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

const refusal = (why: string): Refusal => new Refusal(why);
const asItIs = (text: string): string => text;
const asSecret = (text: string): Secret => new Secret(text);

function oneOf<const T extends string>(...allowed: readonly T[]): (text: string) => T | Refusal {
  return (text) => allowed.find((each) => each === text) ?? refusal(`must be one of ${allowed.join(", ")}`);
}

function readMode(text: string): (typeof TLS_MODES)[number] | Refusal {
  if (text !== "prefer" && text !== "allow") return oneOf(...TLS_MODES)(text);
  return refusal(
    "must not be prefer or allow, which go without TLS wherever somebody in between asks for it; say verify-full, verify-ca, require or disable",
  );
}

const HOST = /^(?:\/.*|[^\s/@,:[\]]+|[\da-fA-F:.]+(?:%\w+)?)$/;

function readHosts(text: string): readonly string[] | Refusal {
  const hosts = text.split(",").map((each) => each.replace(/^\[(.*)\]$/, "$1"));
  if (hosts.every((each) => HOST.test(each))) return hosts;
  return refusal("must be names, addresses or folders of Unix sockets, with commas between them");
}

function readPorts(text: string): readonly (number | undefined)[] | Refusal {
  const ports = text.split(",").map((each) => (each === "" ? undefined : /^\d{1,5}$/.test(each) ? Number(each) : 0));
  if (ports.every((each) => each === undefined || (each >= 1 && each <= 65_535))) return ports;
  return refusal("must be a number from 1 to 65535, or one for each host with commas between them");
}

function readApplicationName(text: string): string | Refusal {
  return text.length <= 63 ? text : refusal("must have at most 63 characters");
}

function readSeconds(text: string): number | Refusal {
  if (!/^-?\d{1,6}$/.test(text)) return refusal("must be a whole number of seconds; 0 means no limit");
  return Math.max(0, Number(text)) * 1_000;
}

function withoutGaps<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}
