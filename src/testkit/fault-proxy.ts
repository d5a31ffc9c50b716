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
 * | dropped packets | `blackhole` |
 * | half-open connection, whose peer knows nothing of it any more | `strand()` |
 * | connection reset | `cut()`, `cutAfterBytesDown`, `cutEachAfterBytesDown` |
 * | connection ended in the middle of an answer | the same with `cutBy: "end"` |
 * | an answer or a handshake that stops in its middle | `stallEachAfterBytesDown` |
 * | another server behind the same address | `target` |
 * | half-closed connection | `halfClose()` |
 * | something answers but it is not the server | `refuse` |
 * | nobody listens (ECONNREFUSED) | `closeListener()`, `reopen()` |
 * | a connect that gets no answer | see frozen-listener.ts |
 */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { type FaultLink, openLink } from "./fault-link.ts";
import type { FaultProxyTarget, Faults } from "./faults.ts";
import { type ClaimedPort, claimPort } from "./services/ports.ts";

export type { Direction, FaultProxyTarget } from "./faults.ts";

const NO_FAULTS: Faults = {
  latencyUpMs: 0,
  latencyDownMs: 0,
  rateBytesPerSec: 0,
  blackhole: "none",
  cutAfterBytesDown: undefined,
  cutEachAfterBytesDown: undefined,
  cutBy: "reset",
  stallEachAfterBytesDown: undefined,
};

/** A proxy on a loopback port of its own. A forgotten one does not keep the process alive. */
export class FaultProxy {
  readonly host = "127.0.0.1";
  readonly port: number;
  /** Accepts new connections and at once resets them, without a word to the server. */
  refuse = false;
  /** How many connections were ever accepted, refused ones included. */
  accepted = 0;
  /** Where new connections go; open ones stay where they are. No fault: `heal` leaves it. */
  target: FaultProxyTarget;
  readonly #claimed: ClaimedPort;
  readonly #faults: Faults = { ...NO_FAULTS };
  readonly #links = new Set<FaultLink>();
  #server: Server | undefined;
  #isClosed = false;

  constructor(target: FaultProxyTarget, claimed: ClaimedPort) {
    this.target = target;
    this.#claimed = claimed;
    this.port = claimed.port;
  }

  /** How many clients are connected now: neither have they ended, nor were they cut off. */
  get open(): number {
    return [...this.#links].filter((link) => link.hasClient).length;
  }

  get latencyUpMs(): number {
    return this.#faults.latencyUpMs;
  }
  set latencyUpMs(latencyUpMs: number) {
    this.#change({ latencyUpMs });
  }

  get latencyDownMs(): number {
    return this.#faults.latencyDownMs;
  }
  set latencyDownMs(latencyDownMs: number) {
    this.#change({ latencyDownMs });
  }

  get rateBytesPerSec(): number {
    return this.#faults.rateBytesPerSec;
  }
  set rateBytesPerSec(rateBytesPerSec: number) {
    this.#change({ rateBytesPerSec });
  }

  get blackhole(): Faults["blackhole"] {
    return this.#faults.blackhole;
  }
  set blackhole(blackhole: Faults["blackhole"]) {
    this.#change({ blackhole });
  }

  get cutAfterBytesDown(): number | undefined {
    return this.#faults.cutAfterBytesDown;
  }
  set cutAfterBytesDown(cutAfterBytesDown: number | undefined) {
    this.#change({ cutAfterBytesDown });
  }

  get cutEachAfterBytesDown(): number | undefined {
    return this.#faults.cutEachAfterBytesDown;
  }
  set cutEachAfterBytesDown(cutEachAfterBytesDown: number | undefined) {
    this.#change({ cutEachAfterBytesDown });
  }

  get cutBy(): Faults["cutBy"] {
    return this.#faults.cutBy;
  }
  set cutBy(cutBy: Faults["cutBy"]) {
    this.#change({ cutBy });
  }

  get stallEachAfterBytesDown(): number | undefined {
    return this.#faults.stallEachAfterBytesDown;
  }
  set stallEachAfterBytesDown(stallEachAfterBytesDown: number | undefined) {
    this.#change({ stallEachAfterBytesDown });
  }

  /** Resets every open connection on both sides; new ones are served. */
  cut(): void {
    for (const link of this.#links) link.reset();
  }

  /** What is open gets nothing through any more; new connections are served. Healed, the network resets the stranded ones. */
  strand(): void {
    for (const link of this.#links) link.strand();
  }

  /** Ends the server's half of every open connection towards the client; the server knows nothing of it. */
  halfClose(): void {
    for (const link of this.#links) link.endTowardsClient();
  }

  /** Takes every fault away, opens the listener again, and delivers what was held back. */
  async heal(): Promise<void> {
    this.refuse = false;
    this.#change(NO_FAULTS);
    for (const link of this.#links) if (link.isStranded) link.reset();
    await this.reopen();
  }

  /** Stops listening: new connections get ECONNREFUSED, open ones go on. */
  closeListener(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Listens again, on the same port. */
  async reopen(): Promise<void> {
    if (this.#server || this.#isClosed) return;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
    server.unref();
    server.listen({ host: this.host, port: this.port });
    await once(server, "listening");
    this.#server = server;
  }

  /** Resets what is open and gives back the port. */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.closeListener();
      this.cut();
      this.#claimed.release();
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(client: Socket): void {
    this.accepted++;
    if (this.refuse) {
      client.on("error", () => {}); // the peer may be faster
      client.resetAndDestroy();
      return;
    }
    const link = openLink({
      client,
      target: this.target,
      faults: this.#faults,
      onEnd: () => this.#links.delete(link),
    });
    this.#links.add(link);
  }

  #change(faults: Partial<Faults>): void {
    Object.assign(this.#faults, faults);
    for (const link of this.#links) link.wake();
  }
}

/** Starts a proxy in front of a server; point the client at its `host` and `port`. */
export async function startFaultProxy(target: FaultProxyTarget): Promise<FaultProxy> {
  const proxy = new FaultProxy(target, await claimPort());
  await proxy.reopen();
  return proxy;
}
