/** `busbar sql ledger`: makes the table of idempotency keys, prints its SQL, or deletes what is too old. */
import { hasLedger } from "../../../contracts/sql/ledger-control.ts";
import { ConnectorError } from "../../../core/errors.ts";
import type { Command } from "../invocation.ts";
import { withHub } from "../with-hub.ts";

interface LedgerFacts {
  /** The connector's. */
  readonly name: string;
  /** Asks nothing of the database. */
  readonly print: boolean;
  readonly purge: boolean;
}

export const command: Command<LedgerFacts> = async ({ name, print, purge }, invocation) => {
  const { output, shared, signal } = invocation;
  await withHub(invocation, async (hub) => {
    const connector = hub.get(name);
    if (!hasLedger(connector))
      throw new ConnectorError("unsupported", "This connector keeps no ledger of idempotency keys", {
        hint: "SQL databases do; `busbar list` tells the type of each connector.",
        outcome: "none",
      }).locate(name);
    const { ledger } = connector;
    const { table } = ledger;
    const say = (facts: object, text: string): Promise<void> =>
      output.write(`${shared.json ? JSON.stringify({ table, ...facts }) : text}\n`);
    if (print) {
      const { statements } = ledger;
      const grant = `-- To the role that busbar connects as: GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO …;`;
      return say({ statements }, [...statements.map((sql) => `${sql};`), grant].join("\n"));
    }
    if (purge) {
      const count = await ledger.purge({ signal });
      return say({ purged: count }, `${table}: deleted ${count === 1 ? "1 key" : `${count} keys`}`);
    }
    await ledger.create({ signal });
    return say({ ready: true }, `${table}: ready`);
  });
};
