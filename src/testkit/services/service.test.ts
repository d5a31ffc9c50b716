import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createDatabase } from "./create-database.ts";
import { describeService } from "./describe-service.ts";
import { postgresql } from "./postgresql.ts";
import { sendSignal } from "./process-tree.ts";
import { type Service, startService } from "./service.ts";
import { findProcesses, thisSystem } from "./sweep.ts";
import { becomesTrue } from "./wait.ts";

const embedded = postgresql({ source: "embedded" });

type Address = Pick<Service, "host" | "port" | "username" | "password" | "database">;

async function query(address: Address, sql: string, config: pg.ClientConfig = {}): Promise<unknown[]> {
  const { host, port, username: user, password, database } = address;
  const client = new pg.Client({ host, port, user, password, database, connectionTimeoutMillis: 5000, ...config });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows.flatMap((row) => Object.values(row));
  } finally {
    await client.end().catch(() => {});
  }
}

for (const source of ["system", "embedded"] as const)
  await describeService(`PostgreSQL from the ${source} source`, postgresql({ source }), () => {
    it("serves queries with its own password and settings, and leaves nothing", async () => {
      const service = await startService(postgresql({ source, conf: { work_mem: "5MB" } }));
      const facts = await query(service, "select 6 * 7, current_user, current_setting('work_mem')");
      expect(facts).toEqual([42, "test", "5MB"]);
      await expect(query({ ...service, password: "wrong" }, "select 1")).rejects.toThrow(
        "password authentication failed",
      );
      const { dir } = service;
      expect(findProcesses(thisSystem, { id: "", dir }).length).toBeGreaterThan(3);
      await Promise.all([service.destroy(), service.destroy()]);
      expect(findProcesses(thisSystem, { id: "", dir })).toEqual([]);
      expect(existsSync(dir)).toBe(false);
      expect(service.log()).toContain("ready to accept connections");
      await expect(service.start()).rejects.toThrow("destroyed");
    });
  });

await describeService("a service", embedded, () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService(embedded);
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

  it("starts again after its first process was killed alone", async () => {
    if (service.pid) sendSignal(service.pid, "SIGKILL");
    await becomesTrue(() => !service.isRunning, { timeoutMs: 5000 });
    await service.start();
    expect(await query(service, "select 1")).toEqual([1]);
  });

  it("holds a query while it is paused and answers it when resumed", async () => {
    const client = new pg.Client(service.url);
    await client.connect();
    await service.pause();
    await service.pause();
    let isAnswered = false;
    const answer = client.query("select 1 as one").then(({ rows }) => {
      isAnswered = true;
      return rows as unknown[];
    });
    await expect(query(service, "select 1", { connectionTimeoutMillis: 50 })).rejects.toThrow("timeout");
    expect(isAnswered).toBe(false);
    await service.resume();
    expect(await answer).toEqual([{ one: 1 }]);
    await client.end();
  });

  it("stops in good order even while it is paused, and serves the same data when started", async () => {
    await query(service, "create table stopped as select 7 as n");
    await service.pause();
    await service.stop();
    await service.stop();
    expect(service.log()).toContain("database system is shut down");
    await service.start();
    expect(await query(service, "select n from stopped")).toEqual([7]);
  });

  it("is reached through a fault proxy that can cut it off", async () => {
    const proxy = await service.proxied();
    const address = { ...service, host: proxy.host, port: proxy.port };
    expect(await query(address, "select 1")).toEqual([1]);
    proxy.blackhole = "both";
    await expect(query(address, "select 1", { connectionTimeoutMillis: 50 })).rejects.toThrow("timeout");
    await proxy.heal();
    expect(await query(address, "select 1")).toEqual([1]);
  });

  it("gives each taker a database of its own", async () => {
    await using first = await createDatabase(service);
    await using second = await createDatabase(service);
    expect(first.database).not.toBe(second.database);
    const busy = new pg.Client(first.url);
    busy.on("error", () => {});
    await busy.connect();
    await first.drop();
    const left = await query(service, "select datname from pg_database where datname like 'test\\_%'");
    expect(left).toEqual([second.database]);
    await busy.end();
  });

  it("is found by ps, too, where there is no /proc", async () => {
    const { pid, dir } = service;
    const byProc = (): string => JSON.stringify(findProcesses(thisSystem, { id: "", dir }));
    const byPs = (): string => JSON.stringify(findProcesses({ ...thisSystem, platform: "darwin" }, { id: "", pid }));
    expect(await becomesTrue(() => byPs() === byProc(), { timeoutMs: 3000 })).toBe(true); // its workers come and go
    expect(findProcesses(thisSystem, { id: "", pid, startTime: "another process with this pid" })).toEqual([]);
  });

  it("runs beside another one of its kind", async () => {
    const [one, two] = await Promise.all([startService(embedded), startService(embedded)]);
    expect(new Set([service.port, one.port, two.port]).size).toBe(3);
    const answers = await Promise.all([one, two].map((each) => query(each, `select current_setting('port')::int`)));
    expect(answers.flat()).toEqual([one.port, two.port]);
    await expect(query({ ...one, password: two.password }, "select 1")).rejects.toThrow("password");
    await one.crash();
    expect(await query(two, "select 1")).toEqual([1]);
    await Promise.all([one.destroy(), two.destroy()]);
  });

  it("brings its companions up and down with it, on ports of their own", async () => {
    const companions: typeof embedded.companions = ({ ports }) => [{ file: "sleep", args: [String(ports["side"])] }];
    await using full = await startService({ ...embedded, extraPorts: ["side"], companions });
    const commands = (): string[] =>
      findProcesses(thisSystem, { id: "", dir: full.dir }).flatMap(({ pid }) => {
        try {
          return [readFileSync(`/proc/${pid}/cmdline`, "utf8")];
        } catch {
          return []; // a server process that has just ended
        }
      });
    expect(commands()).toContainEqual(expect.stringMatching(/^sleep\0\d{5}\0$/));
    expect(commands()).not.toContain(`sleep\0${full.port}\0`);
    await full.stop();
    expect(commands()).toEqual([]);
  });

  it("gives back the shared memory that a crash left in the kernel", async () => {
    const crashed = await startService(embedded);
    const [, id] = /^ *\d+ +(\d+)$/m.exec(readFileSync(join(crashed.dir, "data", "postmaster.pid"), "utf8")) ?? [];
    const segments = (): string => readFileSync("/proc/sysvipc/shm", "utf8");
    const segment = new RegExp(`^ *-?\\d+ +${id} `, "m");
    await crashed.crash();
    expect(segments()).toMatch(segment);
    await crashed.destroy();
    expect(segments()).not.toMatch(segment);
  });

  it("that is to be durable stands on a disk and waits for it", async () => {
    await using durable = await startService(postgresql({ source: "embedded", durable: true }));
    expect(durable.dir.startsWith("/dev/shm")).toBe(false);
    const facts = ["fsync", "full_page_writes", "synchronous_commit"].map((name) => `current_setting('${name}')`);
    expect(await query(durable, `select array[${facts.join()}]`)).toEqual([["on", "on", "on"]]);
  });

  it("that cannot start says what it printed, and leaves nothing", async () => {
    let dir = "";
    const broken = postgresql({ source: "embedded", conf: { no_such_setting: "1" } });
    const start = startService({ ...broken, command: (instance) => ((dir = instance.dir), broken.command(instance)) });
    await expect(start).rejects.toThrow(/ended while it started(.|\n)*no_such_setting/);
    expect(existsSync(dir)).toBe(false);
  });

  it("that never gets ready is ended within its time", async () => {
    const mute = { ...embedded, startTimeoutMs: 100, isReady: () => Promise.resolve(false) };
    await expect(startService(mute)).rejects.toThrow("was not ready within 100 ms");
    const abort = new AbortController();
    const start = startService({ ...embedded, isReady: () => (abort.abort(), Promise.resolve(false)) }, abort);
    await expect(start).rejects.toThrow("aborted");
  });
});
