/**
 * A token that is always there.
 *
 * It is got once however many callers wait, renewed ahead of its end while callers go on with the one they have, and got
 * anew when the API refuses it before its time. A refusal names the token that was refused: where a newer one is already
 * held, a late refusal of the old one starts nothing.
 *
 * A new token that is refused as well means that tokens are not the trouble. Until one is accepted again, further
 * refusals start at most one renewal in five seconds, so that a locked-out client does not storm the token endpoint.
 *
 * Renewing belongs to nobody's call: a caller that gives up leaves, the others keep waiting. It has a limit of its own.
 */
import { orAborted } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";
import { ConnectorError } from "../../core/errors.ts";

/** A token, and how long it lasts. */
export interface Token {
  readonly value: string;
  /** Milliseconds from the request for it; `undefined` where nobody said. */
  readonly lifetimeMs: number | undefined;
}

/** Where tokens come from and when they are renewed. */
export interface LeaseSettings {
  /** Gets a token; throws a `ConnectorError`. */
  readonly source: (signal: AbortSignal) => Promise<Token>;
  readonly clock: Clock;
  /** How long before its end a token is renewed, at most a tenth of its life. */
  readonly renewAheadMs: number;
  readonly onRenewed: (lifetimeMs: number | undefined) => void;
  /** A renewal ahead of time failed; nobody's call did, as long as the old token lasts. */
  readonly onFailed: (error: unknown) => void;
}

interface Held {
  readonly value: string;
  readonly gotAt: number;
  readonly endsAt: number;
  renewAt: number;
  /** It replaced a refused token, and nothing has accepted it yet. */
  isDoubtful: boolean;
}

/** Longest wait for the token source. */
const SOURCE_LIMIT_MS = 10_000;
/** Between two renewals that refusals ask for while no token is accepted. */
const PAUSE_MS = 5_000;

/** Holds one token and renews it; shared by all calls of a session. */
export class TokenLease {
  readonly #settings: LeaseSettings;
  #held: Held | undefined;
  #renewing: Promise<string> | undefined;
  #abort: AbortController | undefined;

  constructor(settings: LeaseSettings) {
    this.#settings = settings;
  }

  /** The token, where one is held that has not ended; a renewal that is due starts behind it. */
  current(): string | undefined {
    const held = this.#held;
    if (held === undefined) return undefined;
    const now = this.#settings.clock.now();
    if (now >= held.endsAt) return undefined;
    if (now >= held.renewAt && this.#renewing === undefined) {
      // Where this attempt fails, the next one comes after half of what is left.
      held.renewAt = now + (held.endsAt - now) / 2;
      this.#renew(false).catch(this.#settings.onFailed);
    }
    return held.value;
  }

  /** The token, got first where there is none. */
  take(): Promise<string> {
    const current = this.current();
    return current === undefined ? this.#join(false) : Promise.resolve(current);
  }

  /** Another token than the refused one; `undefined` where getting one again would be pointless. */
  async replace(refused: string): Promise<string | undefined> {
    const held = this.#held;
    if (held !== undefined && held.value !== refused) return this.current() ?? this.#join(false);
    if (held?.isDoubtful === true && this.#settings.clock.now() < held.gotAt + PAUSE_MS) return undefined;
    return this.#join(true);
  }

  /** The API took the token. */
  accepted(token: string): void {
    if (this.#held?.value === token) this.#held.isDoubtful = false;
  }

  close(): void {
    this.#abort?.abort(new ConnectorError("cancelled", "Disconnected while getting a token", { outcome: "none" }));
  }

  async #join(isForced: boolean): Promise<string> {
    try {
      return await (this.#renewing ?? this.#renew(isForced));
    } catch (error) {
      throw error instanceof ConnectorError ? retold(error) : error;
    }
  }

  #renew(isForced: boolean): Promise<string> {
    const renewing = this.#get(isForced).finally(() => {
      this.#renewing = undefined;
      this.#abort = undefined;
    });
    return (this.#renewing = renewing);
  }

  async #get(isForced: boolean): Promise<string> {
    const { source, clock, renewAheadMs, onRenewed } = this.#settings;
    const abort = (this.#abort = new AbortController());
    const gotAt = clock.now();
    const timer = clock.timeout(SOURCE_LIMIT_MS, () =>
      abort.abort(new ConnectorError("timeout", `No token within ${SOURCE_LIMIT_MS} ms`, { outcome: "none" })),
    );
    try {
      const { value, lifetimeMs } = await orAborted(source(abort.signal), abort.signal);
      const endsAt = gotAt + (lifetimeMs ?? Infinity);
      const renewAt = lifetimeMs === undefined ? Infinity : endsAt - Math.min(renewAheadMs, lifetimeMs / 10);
      this.#held = { value, gotAt, endsAt, renewAt, isDoubtful: isForced };
      onRenewed(lifetimeMs);
      return value;
    } finally {
      timer.cancel();
    }
  }
}

/** Every waiter gets an error of its own: each call writes its place and its outcome into it. */
function retold(error: ConnectorError): ConnectorError {
  const { kind, message, hint, retryAfterMs, status, code } = error;
  return new ConnectorError(kind, message, { hint, retryAfterMs, status, code, outcome: "none", cause: error });
}
