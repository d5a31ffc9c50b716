import { existsSync } from "node:fs";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase } from "./create-database.ts";
import { areServicesAvailable } from "./install.ts";
import { postgresql } from "./postgresql.ts";
import { type Service, startService } from "./service.ts";
import { findProcesses, thisSystem } from "./sweep.ts";

async function query(service: Service, sql: string, config: pg.ClientConfig = {}): Promise<unknown[]> {
  const { host, port, username: user, password, database } = service;
  const client = new pg.Client({ host, port, user, password, database, connectionTimeoutMillis: 5000, ...config });
  client.on("error", () => {});
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows.flatMap((row) => Object.values(row));
  } finally {
    await client.end();
  }
}

const sources = ["system", "embedded"] as const;
const available = await Promise.all(sources.map((source) => areServicesAvailable(postgresql({ source }))));

describe.for(sources.filter((_, index) => available[index]))("PostgreSQL from the %s source", (source) => {
  it("serves queries as the unprivileged test user on a loopback port", async () => {
    await using service = await startService(postgresql({ source, conf: { work_mem: "5MB" } }));
    const facts = await query(service, "select 6 * 7, current_user, current_setting('work_mem')");
    expect(facts).toEqual([42, "test", "5MB"]);
    expect(service.port).toBeGreaterThanOrEqual(15_000);
    expect(service.log()).toContain("ready to accept connections");
  });
});

describe.runIf(available[1])("a service", () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService(postgresql({ source: "embedded" }));
  });
  afterAll(() => service.destroy());

  it("keeps port and data over a crash", async () => {
    await query(service, "create table kept as select 'ada' as name");
    const { pid, port } = service;
    await service.crash();
    await service.crash();
    expect(service.pid).toBeUndefined();
    await expect(query(service, "select 1")).rejects.toThrow("ECONNREFUSED");
    await service.start();
    await service.start();
    expect(service.pid).not.toBe(pid);
    expect(service.port).toBe(port);
    expect(await query(service, "select name from kept")).toEqual(["ada"]);
  });
});
