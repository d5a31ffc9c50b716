import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openHub, type ConnectorError, type Hub } from "../../index.ts";
import { mariadb, startService, type Service } from "../../testkit/index.ts";
import { MySQLConnector } from "./index.ts";
import { describeService } from "../../testkit/services/describe-service.ts";

await describeService("rotation, on MariaDB", mariadb(), () => {
  let service: Service;
  let admin: MySQLConnector;
  let folder: string;
  const hubs: Hub[] = [];
  let roles = 0;

  const at = (name: string): string => join(folder, name);
  const count = async (role: string): Promise<number> =>
    Number(
      (
        await admin.query({
          sql: "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE user = ?",
          values: [role],
        })
      )[0]?.["n"],
    );

  async function makeRole(password: string): Promise<string> {
    const role = `rotated_${++roles}`;
    await admin.query({ sql: `CREATE USER ${role} IDENTIFIED BY '${password}'` });
    await admin.query({ sql: `GRANT SELECT ON *.* TO ${role}` });
    return role;
  }

  /** Replaces both files as an agent of a vault does: whole, and never half written. */
  async function write(username: string, password: string): Promise<void> {
    for (const [name, text] of [
      ["username", username],
      ["password", password],
    ] as const) {
      await writeFile(at(`${name}.new`), text);
      await rename(at(`${name}.new`), at(name));
    }
  }

  async function open(settings = "", watch: "values" | false = "values"): Promise<Hub> {
    const { host, port, database } = service;
    await writeFile(
      at("connectors.yaml"),
      `connectors:
  - name: db
    type: database
    provider: mysql
    connection: { host: "${host}", port: ${port}, database: "${database}", username: "\${file:username}", password: "\${file:password}" }
    options: { maxConnections: 5, retryAttempts: 1, ${settings} }
`,
    );
    const hub = await openHub(at("connectors.yaml"), { watch, watchInterval: 20 });
    hubs.push(hub);
    return hub;
  }

  const who = async (hub: Hub, hold = 0): Promise<unknown> => {
    const db = hub.get("db", MySQLConnector);
    const [row] = await db.query({
      sql: "SELECT SUBSTRING_INDEX(USER(), '@', 1) AS who, SLEEP(?) AS slept",
      values: [hold],
    });
    return row?.["who"];
  };

  /** Runs calls, eight at a time, until `work` is over; answers how many there were. None may fail. */
  async function underLoad(hub: Hub, work: () => Promise<void>): Promise<number> {
    let isOver = false;
    let calls = 0;
    const callers = Array.from({ length: 8 }, async () => {
      for (; !isOver; calls++) await who(hub, 0.002);
    });
    try {
      await Promise.race([work(), Promise.all(callers)]);
    } finally {
      isOver = true;
    }
    await Promise.all(callers);
    return calls;
  }

  beforeAll(async () => {
    // Passwords are checked there.
    service = await startService(mariadb());
    const { host, port, database, username, password } = service;
    admin = new MySQLConnector({ host, port, database, username, password });
    await admin.connect();
  });
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "busbar-rotation-"))));
  afterEach(async () => {
    await Promise.all(hubs.splice(0).map((hub) => hub.close({ timeout: 500 })));
    await rm(folder, { recursive: true });
  });
  afterAll(async () => {
    await admin.disconnect();
    await service.stop();
  });

  describe("trap 28: rotated credentials of a database need no restart", () => {
    test("a changed file rolls the pool over to another role while calls run, and none fails", async () => {
      const names = [await makeRole("p0"), await makeRole("p1")] as const;
      await write(names[0], "p0");
      const hub = await open();
      const calls = await underLoad(hub, async () => {
        for (let round = 1; round <= 4; round++) {
          const role = names[round % 2]!;
          await write(role, `p${round % 2}`);
          await expect.poll(() => who(hub)).toBe(role);
        }
      });
      expect(calls).toBeGreaterThan(50);
      expect(await who(hub)).toBe(names[0]);
      await expect.poll(() => count(names[1])).toBe(0);
      expect(await count(names[0])).toBeLessThanOrEqual(5);
    });

    test("a password that changed is read when a new connection is refused, and no call fails of it", async () => {
      const role = await makeRole("old");
      await write(role, "old");
      const hub = await open("", false);
      expect(await who(hub)).toBe(role);
      const db = hub.get("db", MySQLConnector);
      await db.transaction(async (tx) => {
        await writeFile(at("password"), "new");
        await admin.query({ sql: `ALTER USER ${role} IDENTIFIED BY 'new'` });
        // Who is connected stays so; the others have to connect anew, and learn of it.
        const answers = await Promise.all(Array.from({ length: 50 }, () => who(hub, 0.01)));
        expect(new Set(answers)).toEqual(new Set([role]));
        await tx.query({ sql: "SELECT 1" });
      });
    });

    test("connections of the old role are closed as they come back, one that is in a transaction after it", async () => {
      const names = [await makeRole("p0"), await makeRole("p1")] as const;
      await write(names[0], "p0");
      const hub = await open();
      const db = hub.get("db", MySQLConnector);
      const seen = await db.transaction(async (tx) => {
        await write(names[1], "p1");
        await expect.poll(() => who(hub)).toBe(names[1]);
        return (await tx.query({ sql: "SELECT SUBSTRING_INDEX(USER(), '@', 1) AS who" }))[0]?.["who"];
      });
      expect(seen).toBe(names[0]);
      await expect.poll(() => count(names[0])).toBe(0);
    });

    test("a role that may have no more connections than the pool is rotated under load, and no call fails", async () => {
      const role = await makeRole("p0");
      await admin.query({ sql: `ALTER USER ${role} WITH MAX_USER_CONNECTIONS 5` });
      await write(role, "p0");
      const hub = await open("", false);
      const reached: unknown[] = [];
      const calls = await underLoad(hub, async () => {
        for (let round = 1; round <= 6; round++) {
          // All that the pool may have are open, so that none is opened between the server's change and the file's.
          const db = hub.get("db", MySQLConnector);
          await Promise.all(Array.from({ length: 10 }, () => db.query({ sql: "SELECT SLEEP(0.02)" })));
          await admin.query({ sql: `ALTER USER ${role} IDENTIFIED BY 'p${round}'` });
          await write(role, `p${round}`);
          const { failed } = await hub.reload();
          reached.push(failed.get("db")?.code);
        }
      });
      expect(calls).toBeGreaterThan(50);
      expect(reached).toEqual([undefined, undefined, undefined, undefined, undefined, undefined]);
    });

    test("new credentials that do not work leave the old in force", async () => {
      const names = [await makeRole("p0"), await makeRole("p1")] as const;
      await write(names[0], "p0");
      const hub = await open();
      expect(await who(hub)).toBe(names[0]);
      await write(names[1], "wrong");
      const db = hub.get("db", MySQLConnector);
      const { failed } = await hub.reload();
      expect(failed.get("db")).toMatchObject({ kind: "unauthenticated", code: "ER_ACCESS_DENIED_ERROR" });
      expect(failed.get("db")?.message).not.toContain("wrong");
      expect([await who(hub), db.isConnected]).toEqual([names[0], true]);
      await write(names[1], "p1");
      await expect.poll(() => who(hub)).toBe(names[1]);
    });

    test("where they were wrong all along the refusal is told, and every connection is closed", async () => {
      const role = await makeRole("right");
      await write(role, "wrong");
      const hub = await open();
      const error = await who(hub).then(
        () => expect.unreachable("must fail"),
        (thrown: unknown) => thrown as ConnectorError,
      );
      expect(error).toMatchObject({ kind: "unauthenticated", code: "ER_ACCESS_DENIED_ERROR", connector: "db" });
      await write(role, "right");
      await expect.poll(() => who(hub).catch(() => "refused")).toBe(role);
    });
  });
});
