/**
 * A TCP proxy that makes network faults, in user space, so that it needs neither rights nor kernel modules.
 *
 * Faults are plain properties of the proxy: set them at any time, they hold for open and new connections alike until
 * they are set back or `heal` is called. What a fault holds back is not lost: a network that heals delivers it late, as
 * TCP does. The end of a connection is held back with its bytes, so a peer behind a black hole never learns of it.
 *
 * | what happens in a network | here |
 * | --- | --- |
 * | slow, narrow | `latencyUpMs`, `latencyDownMs`, `rateBytesPerSec` |
 * | half-open connection, dropped packets | `blackhole` |
 * | connection reset | `cut()`, `cutAfterBytesDown` |
 * | half-closed connection | `halfClose()` |
 * | something answers but it is not the server | `refuse` |
 * | nobody listens (ECONNREFUSED) | `closeListener()`, `reopen()` |
 * | a connect that gets no answer | see frozen-listener.ts |
 */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { type FaultLink, openLink } from "./fault-link.ts";
import { type ClaimedPort, claimPort } from "./services/ports.ts";

/** "up" is towards the server, "down" towards the client. */
export type Direction = "up" | "down";

export interface FaultProxyTarget {
  readonly targetHost: string;
  readonly targetPort: number;
}

/** The faults as the links read them. */
export interface Faults {
  latencyUpMs: number;
  latencyDownMs: number;
  /** For each connection and direction; 0 is unlimited. */
  rateBytesPerSec: number;
  blackhole: "none" | Direction | "both";
  /** Lets this many more bytes through to clients, then resets the connection that asks for more, and is undefined again. */
  cutAfterBytesDown: number | undefined;
}

const NO_FAULTS: Faults = {
  latencyUpMs: 0,
  latencyDownMs: 0,
  rateBytesPerSec: 0,
  blackhole: "none",
  cutAfterBytesDown: undefined,
};

/** A proxy on a loopback port of its own. It does not keep the process alive. */
export class FaultProxy {
  readonly host = "127.0.0.1";
  readonly port: number;
  /** Accepts and at once resets new connections, without a word to the server. */
  refuse = false;
  /** How many connections were ever accepted, refused ones included. */
  accepted = 0;
  readonly #target: FaultProxyTarget;
  readonly #claimed: ClaimedPort;
  readonly #faults: Faults = { ...NO_FAULTS };
  readonly #links = new Set<FaultLink>();
  #server: Server | undefined;
  #isClosed = false;

  constructor(target: FaultProxyTarget, claimed: ClaimedPort) {
    this.#target = target;
    this.#claimed = claimed;
    this.port = claimed.port;
  }
}
