/** What a SQL connector offers beside its operations to whoever looks after its ledger: `busbar sql ledger`. */
import type { CallOptions } from "../../core/call.ts";
import { write } from "../../core/operation.ts";
import { z } from "zod";

/** The ledger of idempotency keys of one connector. */
export interface LedgerControl {
  /** Its table, as SQL names it. */
  readonly table: string;
  /** The SQL that makes it, for whoever may; harmless where it is there. Asks nothing of the database. */
  readonly statements: readonly string[];
  /** Makes the table where it is not there. */
  create(options?: CallOptions): Promise<void>;
  /** Deletes all rows that are older than `idempotency.keep`; answers how many. */
  purge(options?: CallOptions): Promise<number>;
}

/** Whether a connector has a ledger. */
export function hasLedger(connector: object): connector is { readonly ledger: LedgerControl } {
  const { ledger } = connector as { readonly ledger?: Partial<LedgerControl> | null };
  return typeof ledger?.create === "function" && typeof ledger.purge === "function" && Array.isArray(ledger.statements);
}

/** What looking after the ledger is to the policies: doing it twice is as doing it once. */
export const ledgerUpkeep = write("Looks after the ledger of idempotency keys.", z.strictObject({}), z.unknown(), {
  effect: "idempotent",
});
