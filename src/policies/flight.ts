/** A call under way whose answer others wait for. */
import type { Call } from "../core/call.ts";
import { ConnectorError } from "../core/errors.ts";
import type { Label } from "./cache-labels.ts";
import type { StoredAnswer } from "./cache-store.ts";

export type Outcome =
  | { readonly answer: StoredAnswer }
  /** The answer is no data, so everybody needs their own. */
  | "not shared"
  | { readonly error: unknown; readonly leader: Call };

export class Flight {
  /** Of its answer. */
  readonly labels: readonly Label[];
  readonly outcome: Promise<Outcome>;
  #tell: (outcome: Outcome) => void = () => {};

  constructor(labels: readonly Label[]) {
    this.labels = labels;
    this.outcome = new Promise((resolve) => (this.#tell = resolve));
  }

  tell(outcome: Outcome): void {
    this.#tell(outcome);
  }
}

/** Whether a failure came of the leader's own limits, and says nothing to this follower. */
export function isLeadersOwn(error: unknown, leader: Call, follower: Call, now: number): boolean {
  if (leader.cancelled !== undefined) return true;
  if (!(error instanceof ConnectorError) || error.retryAfterMs === undefined) return false;
  // The leader had no time for the wait that was asked for; who has more may have enough.
  const waitEndsAt = now + error.retryAfterMs;
  return waitEndsAt >= leader.deadlineAt && waitEndsAt < follower.deadlineAt;
}
