/** What only PostgreSQL has: channels, notifications, locks. */
import assert from "node:assert/strict";
import type { PostgreSQLConnector } from "busbar/connectors/postgresql";
import type { Place } from "./value-places.ts";
import type { Watched } from "./watched.ts";

type Connector = Pick<PostgreSQLConnector, "listen" | "notify" | "withLock">;

/** A notification as it arrives. */
async function heard({ postgresql }: Watched, channel: string, payload: string): Promise<void> {
  // Its places are asked for where it is.
  const db = postgresql as Connector;
  const ears = db.listen({ channels: [channel] });
  try {
    assert.deepEqual((await ears.next()).value, { type: "listening", channels: [channel] });
    await db.notify({ channel, payload });
    const { value } = await ears.next();
    assert.ok(value?.type === "notification");
    assert.deepEqual([value.channel, value.payload], [channel, payload]);
  } finally {
    await ears.return();
  }
}

const lock = ({ postgresql }: Watched, key: string, wait: boolean): Promise<unknown> =>
  (postgresql as Connector).withLock(key, () => Promise.resolve(), { wait });

/** Values. */
export const POSTGRESQL_PLACES: readonly Place[] = [
  { name: "notify, as the payload", put: (watched, text) => heard(watched, "orders", text) },
  {
    name: "notify, as the channel",
    put: ({ postgresql }, channel) => (postgresql as Connector).notify({ channel, payload: "1" }),
  },
  { name: "the key of a lock", put: (watched, key) => lock(watched, key, true) },
  { name: "the key of a lock that is only tried", put: (watched, key) => lock(watched, key, false) },
];

/** Names of what need not exist. */
export const POSTGRESQL_NAME_PLACES: readonly Place[] = [
  { name: "listen", put: (watched, channel) => heard(watched, channel, "1") },
];
