/** From anything thrown to a `ConnectorError`: the connector's own table first, then what every networked driver throws. */
import { ConnectorError, KINDS, type ErrorDetails, type Kind } from "./errors.ts";

/** What a connector's `classify` tells of an error: a kind, or a kind with facts; `undefined` where it does not know. */
export type Classification =
  | Kind
  | (Omit<ErrorDetails, "connector" | "operation" | "attempts" | "exhausted" | "by"> & {
      readonly kind: Kind;
      /** Replaces the driver's message; needed wherever that could carry values. */
      readonly message?: string;
    });

/** What else keeps Node from connecting to a Unix socket. */
const UNIX_SOCKET_ERRORS: Readonly<Record<string, SocketFacts>> = {
  ENOENT: { kind: "unavailable", hint: "Is the system running, and does its Unix socket stand there?" },
  EACCES: { kind: "unavailable", hint: "This process may not use the Unix socket." },
};

interface SocketFacts {
  readonly kind: Kind;
  readonly outcome?: "none";
  readonly hint?: string;
  /** Instead of the error's own. */
  readonly message?: string;
}

/** Errors of Node's sockets, resolver and TLS. `none`: the request cannot have reached the system. */
const SOCKET_ERRORS: Readonly<Record<string, SocketFacts>> = {
  ECONNREFUSED: { kind: "unavailable", outcome: "none", hint: "Is the system running, and are host and port right?" },
  ENOTFOUND: { kind: "unavailable", outcome: "none", hint: "The host's name does not resolve; check its spelling." },
  EAI_AGAIN: { kind: "unavailable", outcome: "none", hint: "The resolver does not answer." },
  // Linux reports these on established connections too, so what was sent may have arrived.
  EHOSTUNREACH: { kind: "unavailable" },
  ENETUNREACH: { kind: "unavailable" },
  ECONNRESET: { kind: "connection_lost" },
  EPIPE: { kind: "connection_lost" },
  ECONNABORTED: { kind: "connection_lost" },
  ETIMEDOUT: { kind: "timeout" },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    kind: "config_invalid",
    outcome: "none",
    hint: "Name the certificate's authority in the TLS settings.",
  },
  SELF_SIGNED_CERT_IN_CHAIN: {
    kind: "config_invalid",
    outcome: "none",
    hint: "Name the certificate's authority in the TLS settings.",
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    kind: "config_invalid",
    outcome: "none",
    hint: "Name the certificate's authority in the TLS settings.",
  },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
    kind: "config_invalid",
    outcome: "none",
    hint: "Name the certificate's authority in the TLS settings.",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    kind: "config_invalid",
    outcome: "none",
    hint: "The certificate is for another host name.",
  },
  ...refusedCertificates(),
  CERT_HAS_EXPIRED: { kind: "unavailable", outcome: "none", hint: "The server's certificate has expired." },
};

/** Alerts by which a server ends a handshake because of what the client showed; OpenSSL's text about them says little. */
function refusedCertificates(): Record<string, SocketFacts> {
  const hint = "Is the client certificate in date, complete, and of an authority that the server trusts?";
  const message = "The server refuses the client certificate";
  const facts = { kind: "unauthenticated", outcome: "none", hint, message } as const;
  const codes = [
    "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
    "ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
    "ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED",
    "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED",
    "ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
    "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
  ];
  return Object.fromEntries(codes.map((code) => [code, facts]));
}

/** Errors inside errors are looked through to this depth. */
const DEEPEST = 4;

/** Facts of an error of Node's network layer, also where it is the cause of another or one of several. */
export function classifySocketError(error: unknown): Classification | undefined {
  return find(error, DEEPEST);
}

function find(error: unknown, depth: number): Classification | undefined {
  if (!(error instanceof Error) || depth === 0) return undefined;
  const { code, syscall } = error as NodeJS.ErrnoException;
  const facts =
    typeof code === "string"
      ? (SOCKET_ERRORS[code] ?? (syscall === "connect" ? UNIX_SOCKET_ERRORS[code] : undefined))
      : undefined;
  if (facts !== undefined) {
    const message = facts.message ?? (error.message || KINDS[facts.kind].sentence);
    // Nothing is sent before the connection stands, however the attempt to make it ends.
    return syscall === "connect" ? { ...facts, code, message, outcome: "none" } : { ...facts, code, message };
  }
  const several = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  for (const inner of [...several, error.cause]) {
    const found = find(inner, depth - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Makes the error that leaves busbar. A `ConnectorError` stays itself; programming errors become `internal`. */
export function toConnectorError(
  error: unknown,
  classify: (error: unknown) => Classification | undefined,
  onUnknown: (error: unknown) => void = () => {},
): ConnectorError {
  if (attempted(() => error instanceof ConnectorError) === true) return error as ConnectorError;
  const found = ask(classify, error) ?? attempted(() => classifySocketError(error));
  if (found === undefined) {
    attempted(() => onUnknown(error));
    return new ConnectorError("internal", messageOf(error), { cause: error });
  }
  if (typeof found === "string") return new ConnectorError(found, messageOf(error), { cause: error });
  const { kind, message, ...details } = found;
  return new ConnectorError(kind, message ?? messageOf(error), { cause: error, ...details });
}

/** What the connector's table says; a table that stumbles over something odd, or names no kind, does not know it. */
function ask(classify: (error: unknown) => Classification | undefined, error: unknown): Classification | undefined {
  const found = attempted(() => classify(error));
  const kind = typeof found === "object" ? (found as { readonly kind?: unknown } | null)?.kind : found;
  return typeof kind === "string" && Object.hasOwn(KINDS, kind) ? found : undefined;
}

/** Anything can be thrown: `undefined`, a revoked proxy, an object whose getters throw. */
function attempted<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  const text: unknown = attempted(() => (error instanceof Error ? error.message : error));
  return typeof text === "string" && text !== "" ? text : KINDS.internal.sentence;
}
