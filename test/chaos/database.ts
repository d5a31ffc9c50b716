/** A private PostgreSQL for chaos, and an eye on it that takes no part in what happens. */
import { postgresql, type Service, startService } from "busbar/testkit";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

/** Longest wait for what was given up to end by itself. */
const QUIET_MS = 15_000;

/** The system's where there is one, else the one that comes with the development dependencies. */
export async function startDatabase(): Promise<Service> {
  // A kill can come in the middle of a page that is being written.
  const conf = { full_page_writes: "on", max_connections: "100" };
  const system = postgresql({ conf });
  return startService((await isThere(system)) ? system : postgresql({ conf, source: "embedded" }));
}

async function isThere(spec: ReturnType<typeof postgresql>): Promise<boolean> {
  return (await spec.findBinaries()) !== undefined;
}

/** Runs statements over a connection of its own, past every proxy, and answers with the rows of the last. */
export async function ask<Row extends pg.QueryResultRow>(
  service: Service,
  statements: readonly string[],
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const { host, port, username: user, password, database } = service;
  const client = new pg.Client({ host, port, user, password, database, application_name: "onlooker" });
  client.on("error", () => {}); // a lost connection also fails the query
  await client.connect();
  try {
    let rows: Row[] = [];
    for (const sql of statements) ({ rows } = await client.query<Row>(sql, sql.includes("$1") ? [...values] : []));
    return rows;
  } finally {
    await client.end();
  }
}

/** The one row of one statement. */
export async function askOne<Row extends pg.QueryResultRow>(
  service: Service,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row> {
  const [row] = await ask<Row>(service, [sql], values);
  if (row === undefined) throw new Error(`No row: ${sql}`);
  return row;
}

/** How many clients the server has, the onlooker aside. */
export async function countClients(service: Service): Promise<number> {
  const sql = `select count(*)::int as clients from pg_stat_activity
    where backend_type = 'client backend' and application_name <> 'onlooker'`;
  return (await askOne<{ clients: number }>(service, sql)).clients;
}

/** Waits until the server has no client any more, so that nothing that was given up is still at work; false if it keeps some. */
export async function becomesQuiet(service: Service): Promise<boolean> {
  const endsAt = performance.now() + QUIET_MS;
  while ((await countClients(service)) > 0) {
    if (performance.now() > endsAt) return false;
    await pause(20);
  }
  return true;
}
