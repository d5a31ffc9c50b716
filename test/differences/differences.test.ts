/** What docs/guides/sql.md says of where the systems differ. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectorError } from "busbar";
import { MySQLConnector } from "busbar/connectors/mysql";
import { PostgreSQLConnector } from "busbar/connectors/postgresql";
import { SQLiteConnector } from "busbar/connectors/sqlite";
import { mariadb, postgresql, startService, type Service, type ServiceSpec } from "busbar/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SqlContext } from "../../src/contracts/sql/behaviour.ts";
import { describeService } from "../../src/testkit/services/describe-service.ts";

type Connector = SqlContext["connector"];

/** What becomes of something, in a word: `done`, or why not. */
type Fate = "done" | ConnectorError["kind"];

/** One system's column of the table. */
interface Differences {
  readonly returningOfUpdate: Fate;
  readonly conflictThatIsNoKey: Fate;
  readonly explainOfWrite: Fate;
  readonly analyze: Fate;
  readonly wrongType: Fate;
  readonly ddlInTransaction: Fate;
  readonly pagesByBytes: Fate;
  /** Ids that are found where `Ada` is 1 and `ada ` is 2. */
  readonly equal: readonly number[];
  readonly like: readonly number[];
  readonly isolations: number;
  readonly hasPrivileges: boolean;
}

const POSTGRESQL: Differences = {
  returningOfUpdate: "done",
  conflictThatIsNoKey: "input_invalid",
  explainOfWrite: "done",
  analyze: "done",
  wrongType: "input_invalid",
  ddlInTransaction: "done",
  pagesByBytes: "done",
  equal: [],
  like: [],
  isolations: 2,
  hasPrivileges: true,
};
const MARIADB: Differences = {
  returningOfUpdate: "unsupported",
  conflictThatIsNoKey: "done",
  explainOfWrite: "unsupported",
  analyze: "done",
  wrongType: "input_invalid",
  ddlInTransaction: "unsupported",
  pagesByBytes: "unsupported",
  equal: [1, 2],
  like: [1],
  isolations: 2,
  hasPrivileges: true,
};
const SQLITE: Differences = {
  returningOfUpdate: "done",
  conflictThatIsNoKey: "input_invalid",
  explainOfWrite: "done",
  analyze: "unsupported",
  wrongType: "done",
  ddlInTransaction: "done",
  pagesByBytes: "unsupported",
  equal: [],
  like: [1],
  isolations: 1,
  hasPrivileges: false,
};

const fateOf = (work: Promise<unknown>): Promise<Fate> =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof ConnectorError ? error.kind : expect.unreachable(String(error))),
  );

interface Started {
  readonly db: Connector;
  readonly bytes: string;
  stop(): Promise<void>;
}

function suite(start: () => Promise<Started>, differences: Differences): void {
  const table = "people";
  let started: Started;
  let db: Connector;
  beforeAll(async () => {
    started = await start();
    db = started.db;
    const columns = `id int primary key, name varchar(50), note ${started.bytes}`;
    await db.execute("execute", { sql: `create table ${table} (${columns})` });
    const rows = ["Ada", "ada "].map((name, at) => ({ id: at + 1, name, note: Buffer.from([at]) }));
    await db.execute("insertMany", { table, rows });
  });
  afterAll(() => started.stop());

  const idsWhere = async (where: Record<string, unknown>): Promise<unknown[]> => {
    const { rows } = await db.execute("select", { table, columns: ["id"], where, orderBy: ["id"] });
    return rows.map(({ id }) => id);
  };
  const sql = `update ${table} set name = 'x' where id = 9`;
  const fates: Readonly<Partial<Record<keyof Differences, () => Promise<unknown>>>> = {
    returningOfUpdate: () => db.execute("update", { table, data: { name: "x" }, where: { id: 9 }, returning: ["id"] }),
    conflictThatIsNoKey: () => db.execute("upsert", { table, rows: [{ id: 10, name: "y" }], conflict: ["name"] }),
    explainOfWrite: () => db.execute("explain", { sql }),
    analyze: () => db.execute("explain", { sql: `select * from ${table}`, analyze: true }),
    wrongType: () => db.execute("insertMany", { table, rows: [{ id: "many", name: "z", note: null }] }),
    ddlInTransaction: () =>
      db.transaction(async (tx) => {
        await tx.execute({ sql });
        await tx.execute({ sql: "create table other (id int)" });
      }),
    pagesByBytes: () => db.execute("select", { table, columns: ["id"], orderBy: ["note"], limit: 1 }),
  };

  test("what is refused, and as what", async () => {
    for (const [name, work] of Object.entries(fates))
      expect([name, await fateOf(work())]).toEqual([name, differences[name as keyof Differences]]);
    await db.execute("delete", { table, where: { id: { notIn: [1, 2] } } });
  });

  test("case and spaces", async () => {
    expect(await idsWhere({ name: "ADA" })).toEqual(differences.equal);
    expect(await idsWhere({ name: { like: "ADA" } })).toEqual(differences.like);
  });

  test("levels of isolation, as two readings in one transaction tell them", async () => {
    const seen = new Set<string>();
    for (const isolation of ["read committed", "repeatable read"] as const) {
      const counts = await db.transaction(
        async (tx) => {
          const read = async (): Promise<unknown> => (await tx.query({ sql: `select count(*) as n from ${table}` }))[0];
          const before = await read();
          // Where one writes at a time, it would wait for this transaction.
          const id = 100 + seen.size;
          if (differences.isolations > 1) await db.execute("insertMany", { table, rows: [{ id, name: "w" }] });
          return [before, await read()];
        },
        { isolation },
      );
      seen.add(JSON.stringify(counts[0]) === JSON.stringify(counts[1]) ? "the same" : "another");
    }
    expect(seen.size).toBe(differences.isolations);
  });

  test("privileges", async () => {
    const { role } = await db.execute("privileges");
    expect(role !== null).toBe(differences.hasPrivileges);
  });
}

function onService(
  spec: ServiceSpec,
  bytes: string,
  make: (at: Pick<Service, "host" | "port" | "database" | "username" | "password">) => Connector,
): () => Promise<Started> {
  return async () => {
    const service = await startService(spec);
    const { host, port, database, username, password } = service;
    const db = make({ host, port, database, username, password });
    await db.connect();
    return {
      db,
      bytes,
      async stop() {
        await db.disconnect();
        await service.destroy();
      },
    };
  };
}

const embedded = postgresql({ source: "embedded" });
await describeService("PostgreSQL", embedded, () =>
  suite(
    onService(embedded, "bytea", (at) => new PostgreSQLConnector(at)),
    POSTGRESQL,
  ),
);

await describeService("MariaDB", mariadb(), () =>
  suite(
    onService(mariadb(), "blob", (at) => new MySQLConnector(at)),
    MARIADB,
  ),
);

describe("SQLite", () =>
  suite(async () => {
    const folder = await mkdtemp(join(tmpdir(), "busbar-differences-"));
    const db = new SQLiteConnector({ file: join(folder, "test.db") });
    await db.connect();
    return {
      db,
      bytes: "blob",
      async stop() {
        await db.disconnect();
        await rm(folder, { recursive: true, force: true });
      },
    };
  }, SQLITE));
