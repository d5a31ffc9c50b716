/** What is set around a connector beside its configuration. */
import type { Clock } from "../core/clock.ts";
import type { Definition } from "../core/definition.ts";
import type { ConditionSettings } from "../core/condition.ts";

/** What hub and tests set around a connector; users of the class leave it out. */
export interface ConnectorEnvironment {
  /** The name in the configuration; without one, the provider's. */
  readonly name?: string | undefined;
  /** Used instead of the class's own: the same, with operations that a configuration adds. */
  readonly definition?: Definition | undefined;
  readonly clock?: Clock | undefined;
  /** When it counts as degraded and as down. */
  readonly condition?: ConditionSettings | undefined;
  /** Uniform in [0, 1). */
  readonly random?: (() => number) | undefined;
  /** Whether a call may open the session itself; asked at each call. */
  readonly connectsOnUse?: (() => boolean) | undefined;
  /**
   * Asked when the system refuses the credentials: a connector of the same class, made of the configuration as it is now;
   * `undefined` where there is none. Where its settings differ they are put in force, and the refused calls are sent again.
   */
  readonly renew?: (() => Promise<object | undefined>) | undefined;
}
