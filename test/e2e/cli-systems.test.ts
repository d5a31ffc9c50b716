/** The command line against real systems: a REST service and a PostgreSQL server. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDatabase, postgresql, startRestService, startService } from "../../src/testkit/index.ts";
import type { FreshDatabase, RestService, Service } from "../../src/testkit/index.ts";
import { build, Workplace, type Ended, type StartOptions } from "./cli-process.ts";

const place = new Workplace();
let rest: RestService;
let server: Service;
let database: FreshDatabase;
let env: Record<string, string>;

const run = (words: readonly string[], options: StartOptions = {}): Promise<Ended> =>
  place.run(words, { env, ...options });

beforeAll(async () => {
  await build();
  rest = await startRestService();
  server = await startService(postgresql());
  database = await createDatabase(server);
  env = {
    API_URL: rest.url,
    API_KEY: rest.apiKey,
    DB_PORT: String(server.port),
    DB_NAME: database.database,
    DB_USERNAME: server.username,
    DB_PASSWORD: server.password,
  };
  place.write({
    "connectors.yaml": `connectors:
  - name: db
    type: database
    provider: postgresql
    connection:
      host: 127.0.0.1
      port: "\${DB_PORT}"
      database: "\${DB_NAME}"
      username: "\${DB_USERNAME}"
      password: "\${DB_PASSWORD}"
  - name: api
    type: rest-api
    connection: { baseURL: "\${API_URL}" }
    options: { retry: { delay: 5 } }
  - name: keyed
    type: rest-api
    connection: { baseURL: "\${API_URL}/keyed", apiKey: "\${API_KEY}" }
    options: { retryAttempts: 1 }
`,
  });
}, 240_000);

beforeEach(() => rest.reset());

afterAll(async () => {
  await server?.destroy();
  await rest?.close();
  place.remove();
});

describe("a REST service from the shell", () => {
  it("is read and written", async () => {
    const made = await run(["exec", "api", "post", "--path", "/items", "--data", '{"name":"Ada"}', "--verbose"]);
    expect(JSON.parse(made.stdout)).toMatchObject({ name: "Ada" });
    expect(made.stderr).toContain("status 201");
    const { stdout } = await run(["exec", "api", "get", "--path", "/items", "--query", '{"name":"Ada"}']);
    expect(JSON.parse(stdout)).toEqual({ items: [{ id: 1, name: "Ada" }], total: 1 });
  });

  it("tells of refusals by their code, and never shows the credentials", async () => {
    const missing = await run(["exec", "api", "get", "--path", "/items/nothing"]);
    expect(missing).toMatchObject({ code: 66, stderr: expect.stringContaining("kind: not_found") });
    const good = await run(["exec", "keyed", "get", "--path", "/items"]);
    expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('"items":[]') });
    const wrong = { ...env, API_KEY: "canary-wrong-key" };
    const refused = await run(["exec", "keyed", "get", "--path", "/items", "--verbose"], { env: wrong });
    expect(refused).toMatchObject({ code: 82, stderr: expect.stringContaining("kind: unauthenticated") });
    expect(refused.stderr).not.toContain("canary-wrong-key");
  });

  it("is asked again where that helps", async () => {
    const ended = await run([
      "exec",
      "api",
      "get",
      "--path",
      "/flaky",
      "--query",
      '{"id":"a","times":"2"}',
      "--verbose",
    ]);
    expect(ended.stderr).toMatch(/^3 tries, /m);
    expect(ended.code).toBe(0);
  });
});

describe("a PostgreSQL server from the shell", () => {
  const sql = (text: string, ...more: string[]): Promise<Ended> => run(["exec", "db", "query", "--sql", text, ...more]);

  it("is read and written, with every value as it is", async () => {
    await sql("create table people (id bigserial primary key, name text, born date, photo bytea)");
    const data = JSON.stringify({ name: "Ada 東京", born: "1815-12-10", photo: { $bytes: "AQID" } });
    const inserted = await run(["exec", "db", "insert", "--table", "people", "--data", data]);
    expect(JSON.parse(inserted.stdout)).toEqual({
      id: "1",
      name: "Ada 東京",
      born: "1815-12-10",
      photo: { $bytes: "AQID" },
    });
    const found = await sql(
      "select id, name from people where photo = $1",
      "--values",
      '[{"$bytes":"AQID"}]',
      "--human",
    );
    expect(found.stdout).toBe("id  name\n──  ────────\n1   Ada 東京\n(1 row)\n");
    const empty = await sql("select id, name from people where id = $1", "--values", "[0]", "--human");
    expect(empty.stdout).toBe("id  name\n──  ────\n(0 rows)\n");
  });

  it("refuses with the kind, the hint and the code", async () => {
    expect(await run(["exec", "db", "delete", "--table", "people", "--where", "{}"])).toMatchObject({ code: 65 });
    expect(await sql("select * from nothing")).toMatchObject({
      stdout: "",
      code: expect.toSatisfy((code) => code !== 0),
    });
    const wrong = { ...env, DB_PASSWORD: "canary-wrong-password" };
    const refused = await run(["exec", "db", "query", "--sql", "select 1", "--verbose"], { env: wrong });
    expect(refused.stderr).toContain("Failed to connect to PostgreSQL: ");
    expect(refused.stderr).not.toContain("canary");
    expect(refused.code).toBe(82);
  });

  it("keeps a ledger of idempotency keys, which is made, printed and tidied by hand", async () => {
    await run(["exec", "db", "query", "--sql", "create table once (id serial primary key, n int)"]);
    const printed = await run(["sql", "ledger", "db", "--print"]);
    expect(printed.stdout).toMatch(/^CREATE TABLE IF NOT EXISTS "busbar_idempotency" \(\n/);
    expect(printed.stdout).toContain("GRANT SELECT, INSERT, UPDATE, DELETE");
    const sql = "select to_regclass('busbar_idempotency') as it";
    expect((await run(["exec", "db", "query", "--sql", sql])).stdout).toBe('[{"it":null}]\n');
    for (let time = 0; time < 2; time++)
      expect((await run(["sql", "ledger", "db"])).stdout).toBe('"busbar_idempotency": ready\n');
    const words = ["exec", "db", "insert", "--table", "once", "--data", '{"n":1}', "--idempotency-key", "order-17"];
    const first = await run([...words, "--verbose"]);
    expect(first.stdout).toBe('{"id":1,"n":1}\n');
    const again = await run([...words, "--verbose"]);
    expect(again.stdout).toBe(first.stdout);
    expect([first.stderr, again.stderr].map((text) => text.includes("done before"))).toEqual([false, true]);
    const purged = await run(["sql", "ledger", "db", "--purge", "--json"]);
    expect(JSON.parse(purged.stdout)).toEqual({ table: '"busbar_idempotency"', purged: 0 });
    expect((await run(["sql", "ledger", "db", "--purge"])).stdout).toBe('"busbar_idempotency": deleted 0 keys\n');
  });

  it("is the only kind of system that has a ledger, and is asked for one thing at a time", async () => {
    const refused = await run(["sql", "ledger", "api"]);
    expect(refused.stderr).toContain("This connector keeps no ledger of idempotency keys [api]");
    expect(refused.code).not.toBe(0);
    expect(await run(["sql", "ledger", "db", "--print", "--purge"])).toMatchObject({ code: 64, stdout: "" });
    const alone = await run(["sql"]);
    expect(alone.code).toBe(64);
    expect(alone.stderr).toContain("ledger");
    const query = ["exec", "db", "query", "--sql", "select 1", "--idempotency-key", "k"];
    expect((await run(query)).stderr).toContain("takes no idempotency key");
  });

  it("stops the server's work when the reader of a stream has gone", async () => {
    const words = [
      "stream",
      "db",
      "queryStream",
      "--sql",
      "select generate_series(1, 50000000) as n, repeat('x', 500) as x",
    ];
    const { child, ended } = place.start(words, { env });
    child.stdout.once("data", () => child.stdout.destroy());
    expect(await ended).toMatchObject({ code: 0, stderr: "" });
    const others =
      "select count(*)::int as n from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    // The server notices a closed connection a moment later.
    await expect.poll(async () => (await sql(others)).stdout, { timeout: 10_000 }).toBe('[{"n":0}]\n');
  });

  it("stops the server's work on a signal", async () => {
    const { child, ended } = place.start(["exec", "db", "query", "--sql", "select pg_sleep(600)"], { env });
    const busy = "select count(*)::int as n from pg_stat_activity where query = 'select pg_sleep(600)'";
    const found = async (): Promise<string> => (await sql(busy)).stdout;
    await expect.poll(found, { timeout: 10_000 }).toBe('[{"n":1}]\n');
    child.kill("SIGINT");
    expect((await ended).code).toBe(130);
    await expect.poll(found, { timeout: 10_000 }).toBe('[{"n":0}]\n');
  });
});

it("both are checked at once", async () => {
  const well = await run(["check"]);
  expect(well.stdout).toMatch(/^db +healthy +yes/m);
  expect(well.stdout).toMatch(/^api +healthy +yes/m);
  expect(well.stdout).toMatch(/^warning db: The role test is a superuser/m);
  const { connectors } = JSON.parse((await run(["check", "db", "--json"])).stdout) as {
    readonly connectors: { readonly db: unknown };
  };
  expect(connectors.db).toMatchObject({ status: "healthy", privileges: { role: "test" } });
  rest.healthStatus = 503;
  const unwell = await run(["check"]);
  expect(unwell.stdout).toMatch(/^api +unhealthy +yes/m);
  expect([well.code, unwell.code]).toEqual([0, 69]);
});
