/** A class written by hand, used through a hub beside all others. */
import assert from "node:assert/strict";
import { ConnectorError, openHub } from "busbar";
import { LegacyInventory } from "./legacy-inventory.ts";

await using hub = await openHub({
  connectors: [
    {
      name: "inventory",
      type: "custom",
      provider: LegacyInventory,
      connection: { warehouse: "north", stock: { lamp: 3 } },
    },
  ],
});

const inventory = hub.get("inventory", LegacyInventory);
const before: unknown = await inventory.execute("count", { item: "lamp" });
assert.deepEqual(before, { item: "lamp", warehouse: "north", count: 3 });
console.log("counted  ", before);

const after: unknown = await inventory.execute("take", { item: "lamp", amount: 2 });
assert.deepEqual(after, { item: "lamp", warehouse: "north", count: 1 });
console.log("taken    ", after);

const refusal: unknown = await inventory.execute("take", { item: "lamp", amount: 2 }).catch((error: unknown) => error);
assert(refusal instanceof ConnectorError);
assert.equal(refusal.kind, "conflict");
console.log("refused  ", refusal.message);

const { status, connectors } = await hub.health();
assert.equal(status, "healthy");
assert.equal(connectors["inventory"]?.connected, true);
console.log("health   ", status);
