/**
 * Writes while the server is killed and the lines are cut.
 *
 * Two connectors, as two instances of a service would, write through a fault proxy each. With keys, a caller whose call
 * has failed for good calls again with the same key, through either of them, until the write is acknowledged. Without,
 * nobody repeats anything, and what the caller was told must be what the database shows.
 */
import { PostgreSQLConnector } from "busbar/connectors/postgresql";
import type { FaultProxy, Service } from "busbar/testkit";
import { setTimeout as pause } from "node:timers/promises";
import { byCallers } from "../callers.ts";
import { ask, becomesQuiet, startDatabase } from "../database.ts";
import { Fates } from "../fates.ts";
import { keepRecords } from "../kept-records.ts";
import { startMayhem } from "../mayhem.ts";
import { between, oneOf, type Random } from "../random.ts";
import { expectNone, type Expectation, type Outcome, type Part, type Scenario } from "../scenario.ts";
import { type Receipt, WAYS, type WayToWrite } from "../ways-to-write.ts";

export interface Amount {
  readonly calls: number;
  readonly callers: number;
  readonly kills: number;
}

const FULL: Amount = { calls: 2_000, callers: 32, kills: 5 };
const QUICK: Amount = { calls: 400, callers: 32, kills: 2 };

/** Between two calls, so that faults meet calls at every stage. */
const THINK_MS = 30;
/** After a call that failed for good, as whoever has to call again would wait. */
const SORRY_MS = 200;
/** Calls with the same key after which a caller gives up: far more than any outage here lasts. */
const PATIENCE = 100;

export const scenario: Scenario = {
  title: "writes while the server is killed and connections are cut",
  limitMs: 6 * 60_000,
  parts: (effort) =>
    Object.keys(WAYS).map((name) => partOf(name as keyof typeof WAYS, effort === "full" ? FULL : QUICK)),
};

/** One way to write, under fire. */
export function partOf(name: keyof typeof WAYS, amount: Amount): Part {
  return { name, run: ({ random }) => underFire(WAYS[name], amount, random) };
}

async function underFire(way: WayToWrite, amount: Amount, random: Random): Promise<Outcome> {
  await using service = await startDatabase();
  const ids = Array.from({ length: amount.calls }, (_, at) => `call-${at + 1}`);
  await ask(service, way.setUp, [ids]);
  const proxies = [await service.proxied(), await service.proxied()];
  const connectors = proxies.map((proxy) => connectorThrough(proxy, service));
  await Promise.all(connectors.map((each) => each.connect()));

  const fates = new Fates();
  const receipts = new Map<string, Receipt>();
  const records = keepRecords((record) => record.provider === "postgresql");
  const acknowledged = (): number => fates.of("acknowledged").length;
  const progress = (): number => (way.isInsisting ? acknowledged() : fates.settled) / amount.calls;
  const mayhem = startMayhem({ service, proxies, random, kills: amount.kills, progress });
  const startedAt = performance.now();
  let calls = 0;
  try {
    await byCallers(amount.callers, ids, async (id) => {
      for (let tries = 1; tries <= (way.isInsisting ? PATIENCE : 1); tries++) {
        calls++;
        await pause(between(random, 0, THINK_MS));
        await mayhem.untilKilling();
        try {
          receipts.set(id, await way.write(oneOf(random, connectors), id));
          return fates.acknowledge(id);
        } catch (error) {
          if (!fates.fail(id, error)) return;
        }
        await pause(SORRY_MS);
      }
    });
  } finally {
    await mayhem.stop();
    records.stop();
    await Promise.all(connectors.map((each) => each.disconnect()));
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const isQuiet = await becomesQuiet(service);
  const effects = await effectsOf(way, service);
  const { kills = 0, ...others } = mayhem.done;
  return {
    facts: {
      writes: ids.length,
      calls,
      acknowledged: acknowledged(),
      "failed, no effect": fates.of("none").length,
      "outcome unknown": fates.of("unknown").length,
      "answered from the ledger": records.of.filter(({ answer }) => answer.replayed).length,
      "carried out": [...effects.values()].filter((count) => count > 0).length,
      failures: fates.failures(),
      kills,
      "other faults": Object.values(others).reduce((sum, count) => sum + count, 0),
      seconds: seconds.toFixed(1),
    },
    expectations: [
      { what: `the server was killed at least ${amount.kills} times`, isMet: kills >= amount.kills, found: `${kills}` },
      { what: "no connection is left at the server", isMet: isQuiet },
      ...fates.against(effects),
      await expectTrueReceipts(service, receipts),
      ...(way.isInsisting ? [expectAll(ids, fates, effects)] : []),
    ],
  };
}

function connectorThrough({ host, port }: FaultProxy, { username, password, database }: Service): PostgreSQLConnector {
  return new PostgreSQLConnector({
    ...{ host, port, username, password, database },
    maxConnections: 12,
    connectionTimeout: 1_000,
    timeout: 3_000,
    attemptTimeout: 400,
  });
}

async function effectsOf(way: WayToWrite, service: Service): Promise<Map<string, number>> {
  const rows = await ask<{ id: string; count: number }>(service, [way.effects]);
  return new Map(rows.map(({ id, count }) => [id, count]));
}

/** Whoever is answered, also late and from the ledger, is answered with the row that is there. */
async function expectTrueReceipts(service: Service, receipts: ReadonlyMap<string, Receipt>): Promise<Expectation> {
  const given = [...receipts].filter(([, { seq }]) => seq !== undefined);
  const sql = "select id, seq::text from orders";
  const rows = given.length === 0 ? [] : await ask<{ id: string; seq: string }>(service, [sql]);
  const idOf = new Map(rows.map(({ id, seq }) => [seq, id]));
  const untrue = given.filter(([id, { seq }]) => idOf.get(String(seq)) !== id).map(([id]) => id);
  return expectNone("every answer tells of the row that is there", untrue);
}

function expectAll(ids: readonly string[], fates: Fates, effects: ReadonlyMap<string, number>): Expectation {
  const acknowledged = new Set(fates.of("acknowledged"));
  return expectNone(
    "every write is acknowledged in the end, and there exactly once",
    ids.filter((id) => !acknowledged.has(id) || effects.get(id) !== 1),
  );
}
