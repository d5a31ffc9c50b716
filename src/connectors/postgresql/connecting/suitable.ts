/**
 * The first of several servers that is what the connector needs (libpq manual, "Specifying Multiple Hosts" and
 * `target_session_attrs`).
 *
 * They are tried in order, beginning with the one that served last: after a failover, a dead first one costs nobody time.
 * A server that refuses the password ends the search, as it would refuse it everywhere.
 */
import { toConnectorError } from "../../../core/classify.ts";
import type { Clock } from "../../../core/clock.ts";
import { ConnectorError, type Kind } from "../../../core/errors.ts";
import { onAbort } from "../../../core/abort.ts";
import type { PostgreSQLConnection } from "../connection.ts";
import { classify } from "../errors.ts";

/** What a server must be. */
export type TargetSession = "any" | "read-write" | "read-only" | "primary" | "standby" | "prefer-standby";

/** Where a server is. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface SearchSettings {
  readonly clock: Clock;
  readonly places: readonly Place[];
  readonly target: TargetSession;
  /** Most milliseconds for one server; 0 means no limit. */
  readonly limitMs: number;
}

/** Opens a connection to one server. */
export type OpenAt = (place: Place, signal: AbortSignal) => Promise<PostgreSQLConnection>;

export class ServerSearch {
  readonly #settings: SearchSettings;
  #first = 0;

  constructor(settings: SearchSettings) {
    this.#settings = settings;
  }

  /** A connection to a server that is suitable; throws `unavailable`, naming each server and what it lacks. */
  async connect(open: OpenAt, signal: AbortSignal): Promise<PostgreSQLConnection> {
    const { places, target } = this.#settings;
    const only = places.length === 1 ? places[0] : undefined;
    if (only !== undefined && target === "any") return open(only, signal);
    const lacks: string[] = [];
    const kinds = new Set<Kind>();
    const wanted = target === "prefer-standby" ? (["standby", "any"] as const) : [target];
    for (const each of wanted) {
      const found = await this.#round(each, open, signal, { lacks, kinds });
      if (found !== undefined) return found;
    }
    // Of the same kind everywhere, such as a certificate that none of them should show: that is what is wrong.
    const kind = kinds.size === 1 ? [...kinds][0]! : "unavailable";
    throw new ConnectorError(kind, `No server is suitable (${target}): ${[...new Set(lacks)].join("; ")}`, {
      outcome: "none",
      hint: "After a failover, a standby has to be promoted first; `targetSessionAttrs` says what is suitable.",
    });
  }

  async #round(
    target: TargetSession,
    open: OpenAt,
    signal: AbortSignal,
    { lacks, kinds }: { readonly lacks: string[]; readonly kinds: Set<Kind> },
  ): Promise<PostgreSQLConnection | undefined> {
    const { places } = this.#settings;
    for (let nth = 0; nth < places.length; nth++) {
      const at = (this.#first + nth) % places.length;
      const { host, port } = places[at]!;
      try {
        const connection = await this.#open(places[at]!, open, signal);
        const lack = await lackOf(connection, target);
        if (lack === undefined) {
          this.#first = at;
          return connection;
        }
        await connection.close();
        lacks.push(`${host}:${port} ${lack}`);
        kinds.add("unavailable");
      } catch (thrown) {
        signal.throwIfAborted();
        const error = toConnectorError(thrown, classify);
        if (error.kind === "unauthenticated") throw thrown;
        lacks.push(`${host}:${port} failed: ${error.message}`);
        kinds.add(error.kind);
      }
    }
    return undefined;
  }

  /** One server that says nothing must not use up the time of all. */
  async #open(place: Place, open: OpenAt, signal: AbortSignal): Promise<PostgreSQLConnection> {
    const { clock, limitMs } = this.#settings;
    if (limitMs === 0) return open(place, signal);
    const abort = new AbortController();
    const timer = clock.after(limitMs, () =>
      abort.abort(new ConnectorError("timeout", `no answer within ${limitMs} ms`, { outcome: "none" })),
    );
    const stopListening = onAbort(signal, () => abort.abort(signal.reason));
    try {
      return await open(place, abort.signal).catch((error: unknown) => {
        throw abort.signal.aborted ? abort.signal.reason : error;
      });
    } finally {
      timer.cancel();
      stopListening();
    }
  }
}

async function lackOf(connection: PostgreSQLConnection, target: TargetSession): Promise<string | undefined> {
  if (target === "any") return undefined;
  const sql = "SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') = 'on' AS refuses";
  const [row] = (await connection.run({ sql, values: [] })).rows;
  const isStandby = row?.["standby"] === true;
  const refuses = row?.["refuses"] === true;
  if (target === "primary" && isStandby) return "is a standby";
  if (target === "read-write" && refuses) return isStandby ? "is a standby" : "takes no writes";
  if (target === "read-only" && !refuses) return "takes writes";
  if ((target === "standby" || target === "prefer-standby") && !isStandby) return "is the primary";
  return undefined;
}
