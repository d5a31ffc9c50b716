/**
 * The main job, on two real systems: one `connectors.yaml`, a database and an API, the same operations, policies and
 * records for both. Everything that is printed is checked.
 */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { ConnectorError, openHub } from "busbar";
import { PostgreSQLConnector } from "busbar/connectors/postgresql";
import { RESTAPIConnector } from "busbar/connectors/rest";
import { Journal } from "./journal.ts";
import { startSystems, TOKEN_LIFETIME_MS } from "./systems.ts";

const CONFIG = "examples/quickstart/connectors.yaml";

process.once("SIGINT", () => process.exit(130)); // what was started ends with this process
process.once("SIGTERM", () => process.exit(143));

const say = (what: string, found: string): void => console.log(`  ${what.padEnd(26)}${found}`);

console.log("\nStarting two real systems, for this demonstration only\n");
await using systems = await startSystems();
say("PostgreSQL", `${systems.database.host}:${systems.database.port}`);
say("REST service", `${systems.api.host}:${systems.api.port}, its tokens live ${TOKEN_LIFETIME_MS} ms`);

using journal = new Journal();
await using hub = await openHub(CONFIG, { env: systems.variables });
const db = hub.get("primary-database", PostgreSQLConnector);
const api = hub.get("orders-api", RESTAPIConnector);
console.log(`\nThrough ${CONFIG}\n`);

// Nothing is connected before it is needed.
const health = await hub.health();
assert.equal(health.status, "healthy");
for (const [name, { status, responseTime }] of Object.entries(health.connectors))
  say("health", `${name} is ${status}; connected and asked in ${Math.round(responseTime ?? 0)} ms`);

await db.query({ sql: "create table customer (id serial primary key, name text not null, credit numeric not null)" });
const ada = await db.insert({ table: "customer", data: { name: "Ada Lovelace", credit: "100.10" } });
assert.equal(ada["id"], 1);
await db.insertMany({
  table: "customer",
  rows: [
    { name: "Grace Hopper", credit: "250.00" },
    { name: "Edsger Dijkstra", credit: "75.50" },
  ],
});
say("create and fill a table", "3 customers");

const rows = await db.query({ sql: "select name, credit from customer where credit > $1 order by name", values: [90] });
assert.deepEqual(rows, [
  { name: "Ada Lovelace", credit: "100.10" },
  { name: "Grace Hopper", credit: "250.00" },
]);
say("query", rows.map(({ name, credit }) => `${String(name)} ${String(credit)}`).join(", "));

const updated = await db.update({ table: "customer", data: { credit: "80.00" }, where: { name: "Ada Lovelace" } });
assert.equal(updated.count, 1);
say("update", `${updated.count} row`);

const refusal = await db.delete({ table: "customer", where: {} }).catch((error: unknown) => error);
assert(refusal instanceof ConnectorError);
assert.equal(refusal.kind, "input_invalid");
assert.deepEqual(await db.query({ sql: "select count(*)::int as n from customer" }), [{ n: 3 }]);
say("delete without where", `refused: ${refusal.message}`);

const order = (await api.post({ path: "/items", data: { customer: ada["id"], item: "lamp" } })) as { id: number };
assert.equal(order.id, 1);
assert.equal(systems.api.tokens.issued, 1);
say("post an order", `number ${order.id}, with the first token`);

await pause(TOKEN_LIFETIME_MS);
assert.deepEqual(await api.get({ path: `/items/${order.id}` }), { id: 1, customer: 1, item: "lamp" });
assert.equal(systems.api.tokens.issued, 2);
say("get it, later", "the token had ended, a new one was got first");

systems.api.expireTokens();
assert.deepEqual(await api.get({ path: `/items/${order.id}` }), { id: 1, customer: 1, item: "lamp" });
assert.equal(systems.api.tokens.issued, 3);
say("get it, token revoked", "refused with 401, a new token was got, sent again");

const { meta } = await api.call("get", { path: "/flaky", query: { times: 1, retryAfter: 1 } });
assert.equal(meta.attempts, 2);
assert(meta.waitMs >= 1000);
say("get from a busy service", `503 with Retry-After: 1, waited ${Math.round(meta.waitMs)} ms, answered at try 2`);

console.log("\nWhat happened, from the records that busbar publishes on node:diagnostics_channel\n");
console.log(journal.render());
assert.equal(journal.calls.filter(({ result }) => result !== "ok").length, 1);

console.log("\nNext: README.md · examples/custom-connector · docs/guides/getting-started.md\n");
