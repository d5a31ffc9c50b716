/** What a connector tells about itself. */
import type { Definition } from "../core/definition.ts";
import type { Operations } from "../core/operation.ts";
import type { Settings } from "./settings.ts";

/** Everything about a connector but its secrets. */
export interface ConnectorDescription {
  readonly name: string;
  readonly provider: string;
  readonly type: Definition["type"];
  readonly title: string;
  readonly summary: string;
  readonly operations: Operations;
  /** As parsed; secrets print as `[redacted]`. */
  readonly settings: Settings;
}
