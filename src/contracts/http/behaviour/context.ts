/** What the cases are given, and what they look at it with. */
import assert from "node:assert/strict";
import type { BaseConnector } from "../../../core/connector.ts";
import { ConnectorError } from "../../../core/errors.ts";
import type { BehaviourCase } from "../../../testkit/behaviour.ts";
import type { RestService } from "../../../testkit/rest-service/rest-service.ts";
import type { HTTPOperations } from "../operations.ts";

export interface HTTPContext {
  /** Connected to the service; it asks at most three times and waits little in between. */
  readonly api: BaseConnector<HTTPOperations>;
  readonly service: RestService;
}

/** A case of this contract. */
export type Case = BehaviourCase<HTTPContext>;

/** What `/echo` answers with. */
export interface Echo {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const echo = (data: unknown): Echo => data as Echo;

/** The error that `work` ends with. */
export async function errorOf(work: Promise<unknown>): Promise<ConnectorError> {
  const error: unknown = await work.then(
    () => assert.fail("nothing failed"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ConnectorError, String(error));
  return error;
}

let unique = 0;
/** A path of its own for a case, and how often it was asked for. */
export function ownPath(service: RestService): { readonly path: string; readonly count: () => number } {
  const path = `/own/${++unique}`;
  return { path, count: () => service.log.of(path).length };
}
