/** From what was written to where connections go. */
import type { z } from "zod";
import type { Clock } from "../../../core/clock.ts";
import { ConnectorError } from "../../../core/errors.ts";
import type { Options } from "../config.ts";
import { addressOf, type PostgreSQLAddress } from "./address.ts";
import type { connection } from "./fields.ts";
import { ServerSearch, type Place } from "./suitable.ts";

const APPLICATION_NAME = "busbar";
const CONNECT_TIMEOUT_MS = 5_000;

/** Who asks, and where the servers are. */
export interface Target {
  readonly address: PostgreSQLAddress & { readonly applicationName: string };
  readonly search: ServerSearch;
  /** Where what only reads goes. */
  readonly replicas: readonly Place[];
  /** Most milliseconds for a connection, whichever server it goes to; 0 means no limit. */
  readonly connectTimeoutMs: number;
}

/** `told` has been checked; it may still say what `options` say too, and is refused then. */
export function targetOf(told: Readonly<Record<string, unknown>>, options: Options, clock: Clock): Target {
  const written = told as z.output<typeof connection>;
  const { url, fromEnvironment } = written;
  const address = addressOf(written);
  const { places } = address;
  const said = { ...fromEnvironment, ...url };
  const twice = [
    ["applicationName", url?.applicationName],
    ["targetSessionAttrs", url?.targetSessionAttrs],
    ["connectionTimeout", url?.connectTimeoutMs],
  ] as const;
  for (const [name, value] of twice) if (value !== undefined && options[name] !== undefined) throw saidTwice(name);
  const standard = places.length > 1 && options.access === "read-write" ? "read-write" : "any";
  const { applicationName = said.applicationName ?? APPLICATION_NAME } = options;
  const { targetSessionAttrs: target = said.targetSessionAttrs ?? standard } = options;
  // libpq's is for each server, ours for all of them.
  const each = options.connectionTimeout === undefined ? said.connectTimeoutMs : undefined;
  const connectTimeoutMs =
    each === undefined ? (options.connectionTimeout ?? CONNECT_TIMEOUT_MS) : each * places.length;
  return {
    address: { ...address, applicationName },
    search: new ServerSearch({ clock, places, target, limitMs: connectTimeoutMs / places.length }),
    replicas: written.replicas ?? [],
    connectTimeoutMs,
  };
}

function saidTwice(name: string): ConnectorError {
  return new ConnectorError(
    "config_invalid",
    `${name} stands in the options and in the connection's url; say it once`,
    {
      outcome: "none",
    },
  );
}
