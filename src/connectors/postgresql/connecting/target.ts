/** From what was written to where connections go. */
import type { z } from "zod";
import type { Clock } from "../../../core/clock.ts";
import { addressOf, type Address } from "../../../contracts/sql/address.ts";
import type { Options } from "../config.ts";
import type { ChannelBinding } from "./authentication.ts";
import { SYSTEM, type connection } from "./fields.ts";
import { ServerSearch } from "./suitable.ts";

type Told = z.output<typeof connection>;

/** Who asks, and where the servers are. */
export interface Target {
  readonly address: Address & { readonly channelBinding: ChannelBinding };
  readonly search: ServerSearch;
}

/** `told` has been checked. */
export function targetOf(told: Readonly<Record<string, unknown>>, options: Options, clock: Clock): Target {
  const { standbys = [], channelBinding = "prefer", ...written } = told as Told;
  const address = { ...addressOf(written, SYSTEM), channelBinding };
  const places = [{ host: address.host, port: address.port }, ...standbys];
  const standard = places.length > 1 && options.access === "read-write" ? "read-write" : "any";
  const { targetSessionAttrs: target = standard, connectionTimeout } = options;
  return { address, search: new ServerSearch({ clock, places, target, limitMs: connectionTimeout / places.length }) };
}
