/**
 * One connection through the fault proxy: two sockets and, for each direction, a lane that holds what has arrived and
 * lets it go when the faults allow. The faults are read when something could go, not when it came, so that changing
 * them takes effect at once (`wake`). A lane that holds 1 MB stops reading, as a full TCP window would.
 */
import { connect, type Socket } from "node:net";
import { systemClock, type Timer } from "../core/clock.ts";
import type { Direction, FaultProxyTarget, Faults } from "./faults.ts";

const HELD_BYTES_LIMIT = 1024 * 1024;
/** A narrow line lets bytes through in slices of about this time. */
const SLICE_MS = 10;
const RESET_AFTER_MS = 10;

export interface FaultLink {
  readonly hasClient: boolean;
  wake(): void;
  reset(): void;
  endTowardsClient(): void;
  /** Lets nothing through any more, whatever the faults are. */
  strand(): void;
  readonly isStranded: boolean;
}

export interface LinkOptions {
  readonly client: Socket;
  readonly target: FaultProxyTarget;
  readonly faults: Faults;
  /** Called once, when both sockets are closed. */
  readonly onEnd: () => void;
}

/** Connects a client that the proxy has accepted to the server. */
export function openLink({ client, target, faults, onEnd }: LinkOptions): FaultLink {
  const { targetHost: host, targetPort: port } = target;
  const server = connect({ host, port, allowHalfOpen: true, noDelay: true });
  const reset = (): void => {
    for (const socket of [client, server]) resetSocket(socket);
  };
  const up = new Lane("up", { from: client, to: server, faults, reset });
  const down = new Lane("down", { from: server, to: client, faults, reset });
  for (const socket of [client, server]) {
    socket.once("close", () => {
      if (!client.closed || !server.closed) return;
      up.stop();
      down.stop();
      onEnd();
    });
  }
  return {
    get hasClient() {
      return !client.destroyed && !client.readableEnded;
    },
    wake() {
      up.wake();
      down.wake();
    },
    reset,
    strand() {
      up.isStranded = true;
      down.isStranded = true;
    },
    get isStranded() {
      return up.isStranded;
    },
    endTowardsClient() {
      down.stop();
      client.end();
    },
  };
}

function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  // Node loses the handle of a socket that is reset while its end is being sent: it never closes. That takes one turn.
  const isEnding = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (socket.connecting) socket.destroy();
  else if (isEnding) socket.once("finish", () => resetSocket(socket));
  else socket.resetAndDestroy();
}

/** `Buffer`: bytes; `end`: the sender has finished; `reset`: the sender is gone. */
type Held = { readonly what: Buffer | "end" | "reset"; readonly arrivedAt: number };

interface LaneEnds {
  readonly from: Socket;
  readonly to: Socket;
  readonly faults: Faults;
  readonly reset: () => void;
}

class Lane {
  isStranded = false;
  readonly #direction: Direction;
  readonly #ends: LaneEnds;
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #sentBytes = 0;
  /** When a narrow line has room for the next slice. */
  #freeAt = 0;
  #timer: Timer | undefined;
  #isFull = false;
  #isStopped = false;

  constructor(direction: Direction, ends: LaneEnds) {
    this.#direction = direction;
    this.#ends = ends;
    const { from, to } = ends;
    from.on("data", (bytes: Buffer) => this.#hold(bytes));
    from.on("end", () => this.#hold("end"));
    from.on("error", () => this.#hold("reset"));
    to.on("drain", () => {
      this.#isFull = false;
      this.wake();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#held.length = 0;
    this.#ends.from.resume(); // what still comes is read and dropped, or its end would never be seen
  }

  /** Lets go what may go now, and comes back when the next may. */
  wake(): void {
    this.#timer?.cancel();
    for (let next = this.#held[0]; next && !this.#isBlocked(); next = this.#held[0]) {
      const freeAt = this.#ends.faults.rateBytesPerSec > 0 ? this.#freeAt : 0;
      const waitMs = Math.max(next.arrivedAt + this.#latencyMs(), freeAt) - systemClock.now();
      if (waitMs > 0) {
        this.#timer = systemClock.after(waitMs, () => this.wake());
        return;
      }
      this.#held.shift();
      if (next.what === "end") this.#ends.to.end();
      else if (next.what === "reset") resetSocket(this.#ends.to);
      else this.#send(next.what, next.arrivedAt);
    }
  }

  #hold(what: Held["what"]): void {
    if (this.#isStopped) return;
    this.#held.push({ what, arrivedAt: systemClock.now() });
    this.#heldBytes += sizeOf(what);
    if (this.#heldBytes >= HELD_BYTES_LIMIT) this.#ends.from.pause();
    this.wake();
  }

  #send(bytes: Buffer, arrivedAt: number): void {
    const { to, from, faults, reset } = this.#ends;
    const size = Math.min(bytes.length, this.#sliceBytes());
    const allowed = this.#allowedBytes();
    const slice = bytes.subarray(0, Math.min(size, allowed));
    this.#heldBytes -= slice.length;
    this.#sentBytes += slice.length;
    if (allowed < size) {
      faults.cutAfterBytesDown = undefined;
      this.stop();
      if (faults.cutBy === "end") to.end(slice);
      // Bytes and reset that arrive together are told as bytes and a clean end by libuv, so the reset comes later.
      else to.write(slice, () => (this.#timer = systemClock.after(RESET_AFTER_MS, reset)));
      return;
    }
    if (this.#direction === "down" && faults.cutAfterBytesDown !== undefined) faults.cutAfterBytesDown -= size;
    if (size < bytes.length) this.#held.unshift({ what: bytes.subarray(size), arrivedAt });
    if (faults.rateBytesPerSec > 0) this.#freeAt = systemClock.now() + (size / faults.rateBytesPerSec) * 1000;
    this.#isFull = to.writable && !to.write(slice);
    if (from.isPaused() && this.#heldBytes < HELD_BYTES_LIMIT) from.resume();
  }

  #isBlocked(): boolean {
    const { blackhole } = this.#ends.faults;
    if (this.isStranded) return true;
    return this.#isFull || blackhole === "both" || blackhole === this.#direction || this.#stallsAfterBytes() <= 0;
  }

  /** How many bytes may go before this connection is ended. */
  #allowedBytes(): number {
    if (this.#direction === "up") return Infinity;
    const { cutAfterBytesDown = Infinity, cutEachAfterBytesDown = Infinity } = this.#ends.faults;
    return Math.min(cutAfterBytesDown, Math.max(0, cutEachAfterBytesDown - this.#sentBytes));
  }

  #stallsAfterBytes(): number {
    if (this.#direction === "up") return Infinity;
    return (this.#ends.faults.stallEachAfterBytesDown ?? Infinity) - this.#sentBytes;
  }

  #latencyMs(): number {
    const { latencyUpMs, latencyDownMs } = this.#ends.faults;
    return this.#direction === "up" ? latencyUpMs : latencyDownMs;
  }

  #sliceBytes(): number {
    const { rateBytesPerSec } = this.#ends.faults;
    const mostBytes = this.#stallsAfterBytes();
    if (rateBytesPerSec <= 0) return mostBytes;
    return Math.min(mostBytes, Math.max(1, Math.floor((rateBytesPerSec * SLICE_MS) / 1000)));
  }
}

const sizeOf = (what: Held["what"]): number => (typeof what === "string" ? 0 : what.length);
