/** The same inside of a function's transaction, where every operation has another way to its statement. */
import assert from "node:assert/strict";
import type { SqlTransaction } from "../../src/contracts/sql/transaction.ts";
import type { Place } from "./value-places.ts";
import type { Watched } from "./watched.ts";

const table = "target";
let ids = 1_000_000;

/** A place whose operations are run by a transaction. */
export function inTransaction(place: Place): Place {
  return {
    ...place,
    name: `${place.name}, in a transaction`,
    put: (watched, text) =>
      watched.connector.transaction((tx) => place.put({ ...watched, connector: operationsOf(tx) }, text)),
  };
}

function operationsOf(tx: SqlTransaction): Watched["connector"] {
  const execute = (operation: keyof SqlTransaction, input: never): Promise<unknown> => tx[operation](input);
  // All that the places ask for.
  return { execute } as unknown as Watched["connector"];
}

export const TRANSACTION_PLACES: readonly Place[] = [
  {
    name: "transaction of a function, everything in it",
    put: ({ connector, placeholder }, body) =>
      connector.transaction(async (tx) => {
        const id = ++ids;
        const row = await tx.insert({ table, data: { id, body }, returning: ["body"] });
        assert.equal(row["body"], body);
        await tx.insertMany({ table, rows: [{ id: ++ids, body }] });
        await tx.upsert({ table, rows: [{ id, body }], conflict: ["id"] });
        await tx.update({ table, data: { body }, where: { id, body } });
        const { rows } = await tx.select({ table, columns: ["body"], where: { body, id }, orderBy: ["id"], limit: 1 });
        assert.deepEqual(rows, [{ body }]);
        const sql = `select body from target where body = ${placeholder(1)} and id = ${placeholder(2)}`;
        assert.deepEqual(await tx.query({ sql, values: [body, id] }), [{ body }]);
        await tx.execute({ sql: "update target set body = :body where id = :id", values: { body, id } });
        await tx.batch({ sql: "update target set body = :body where id = :id", values: [{ body, id }] });
        assert.equal((await tx.delete({ table, where: { body, id: { gte: id } } })).count, 2);
      }),
  },
  {
    name: "an idempotency key of a function",
    put: ({ connector }, idempotencyKey) =>
      connector.transaction((tx) => tx.update({ table, data: { mark: 3 }, where: { id: 2 } }), {
        idempotencyKey: `function ${++ids}: ${idempotencyKey}`,
      }),
  },
];
