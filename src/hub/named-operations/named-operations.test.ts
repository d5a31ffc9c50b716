import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openHub, type ConnectorError, type Hub } from "../../index.ts";

let folder: string;
let server: Server;
let baseURL: string;
const seen: { readonly method: string; readonly url: string; readonly body: string }[] = [];
const hubs: Hub[] = [];

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
};

beforeAll(async () => {
  server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      seen.push({ method: request.method!, url: request.url!, body });
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify({
          data: [
            { id: 1, mail: "ada@example.com" },
            { id: 2, mail: "grace@example.com" },
          ],
        }),
      );
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "busbar-named-"));
  seen.length = 0;
});
afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.close()));
  await rm(folder, { recursive: true, force: true });
});

/** A hub with one REST connector and these operations, as YAML. */
async function open(operations: string, env: Record<string, string> = {}): Promise<Hub> {
  const file = join(folder, "connectors.yaml");
  await writeFile(file, yaml(operations));
  const hub = await openHub(file, { env, watch: false });
  hubs.push(hub);
  return hub;
}

const yaml = (operations: string): string => `connectors:
  - name: api
    type: rest-api
    connection: { baseURL: "${baseURL}" }
    operations:
${operations.replaceAll(/^/gm, "      ")}
`;

const wrong = (operations: string): Promise<string> =>
  open(operations).then(
    () => expect.unreachable("must be refused"),
    (error: unknown) => {
      expect(error).toMatchObject({ kind: "config_invalid" });
      return (error as ConnectorError).message.replaceAll(`${folder}/`, "");
    },
  );

const FIND = `find-customer:
  summary: Finds a customer by e-mail.
  input: { email: { type: string, format: email } }
  run: get
  with: { path: "/customers", query: { email: "\${input.email}" } }
  output: { pick: "data[0]", rename: { mail: email } }
  examples: [{ title: Ada, input: { email: ada@example.com } }]`;

describe("a named operation", () => {
  test("is carried out by the one it is made of, with values in it, and answers what is picked", async () => {
    const api = (await open(FIND)).get("api");
    const asked = { email: "ada+1@example.com" };
    expect(await api.execute("find-customer" as never, asked as never)).toEqual({ id: 1, email: "ada@example.com" });
    expect(seen).toEqual([{ method: "GET", url: "/customers?email=ada%2B1%40example.com", body: "" }]);
    const method = (api as unknown as { findCustomer(input: object): Promise<unknown> }).findCustomer;
    expect(await method({ email: "ada@example.com" })).toEqual({ id: 1, email: "ada@example.com" });
    const { operations } = (
      api as unknown as { describe(): { operations: Record<string, { effect: string }> } }
    ).describe();
    expect(operations["find-customer"]).toMatchObject({ effect: "read", summary: "Finds a customer by e-mail." });
  });

  test("checks its input before anything is sent", async () => {
    const api = (await open(FIND)).get("api");
    for (const input of [{}, { email: "no address" }, { email: "a@b.de", more: 1 }, { email: 7 }])
      await expect(api.execute("find-customer" as never, input as never)).rejects.toMatchObject({
        kind: "input_invalid",
        outcome: "none",
        message: expect.stringContaining(JSON.stringify(input).includes("more") ? "more" : "email") as string,
      });
    expect(seen).toEqual([]);
  });

  test("puts values into a path as one segment, whatever they hold", async () => {
    const api = (
      await open(`user:
  summary: One user.
  input: { id: { type: string } }
  run: get
  with: { path: "/users/\${input.id}/profile" }`)
    ).get("api");
    for (const id of ["a/admin", "a?b=c", "ä%2f", "a#b"]) await api.execute("user" as never, { id });
    expect(seen.map(({ url }) => url)).toEqual([
      "/users/a%2Fadmin/profile",
      "/users/a%3Fb%3Dc/profile",
      "/users/%C3%A4%252f/profile",
      "/users/a%23b/profile",
    ]);
    for (const id of ["", ".", "..", "a/../../admin"])
      await expect(api.execute("user" as never, { id })).rejects.toMatchObject({ kind: "input_invalid" });
  });

  test("keeps the types of values, leaves out what is not given, and has the effect of what it is made of", async () => {
    const api = (
      await open(`create:
  summary: Creates one.
  input:
    name: { type: string }
    age: { type: integer, required: false }
    tags: { type: array, items: { type: string }, default: [new] }
  run: post
  with: { path: /users, data: { name: "\${input.name}", age: "\${input.age}", tags: "\${input.tags}", note: "for \${input.name}" } }`)
    ).get("api");
    await api.execute("create" as never, { name: "Ada" });
    await api.execute("create" as never, { name: "Ada", age: 36, tags: [] });
    expect(seen.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { name: "Ada", tags: ["new"], note: "for Ada" },
      { name: "Ada", age: 36, tags: [], note: "for Ada" },
    ]);
    const { operations } = (
      api as unknown as { describe(): { operations: Record<string, { effect: string }> } }
    ).describe();
    expect(operations["create"]).toMatchObject({
      effect: "keyed",
      effectWhen: expect.stringContaining("unsafe") as string,
    });
  });

  test("takes variables when the configuration is read, and nothing in them for a reference", async () => {
    const api = (
      await open(
        `echo:
  summary: Echoes.
  input: { text: { type: string } }
  run: post
  with: { path: "/\${TENANT}/x", data: { a: "\${EVIL}", b: "$\${input.text}", c: "\${EVIL}-\${input.text}" } }`,
        { TENANT: "acme", EVIL: "${input.text}" },
      )
    ).get("api");
    await api.execute("echo" as never, { text: "${input.text}" });
    expect(seen[0]).toMatchObject({ url: "/acme/x" });
    expect(JSON.parse(seen[0]!.body)).toEqual({
      a: "${input.text}",
      b: "${input.text}",
      c: "${input.text}-${input.text}",
    });
  });

  test("goes with a reload: new ones come, changed ones change, and others go", async () => {
    const hub = await open(FIND);
    const api = hub.get("api");
    await api.connect();
    await writeFile(join(folder, "connectors.yaml"), yaml(FIND));
    expect(await hub.reload()).toMatchObject({ unchanged: ["api"] });
    await writeFile(
      join(folder, "connectors.yaml"),
      yaml(FIND.replace("find-customer", "search").replace("data[0]", "data[1]")),
    );
    expect(await hub.reload()).toMatchObject({ changed: ["api"] });
    expect(await api.execute("search" as never, { email: "a@b.de" })).toMatchObject({ id: 2 });
    expect(api).not.toHaveProperty("findCustomer");
    await expect(api.execute("find-customer" as never)).rejects.toThrow("Unknown operation: find-customer");
  });
});

describe("on SQL", () => {
  const sql = (operations: string): string => `connectors:
  - name: db
    type: database
    provider: sqlite
    connection: { file: ":memory:" }
    operations:
${operations.replaceAll(/^/gm, "      ")}
`;
  const openSql = async (operations: string): Promise<Hub> => {
    const file = join(folder, "connectors.yaml");
    await writeFile(file, sql(operations));
    const hub = await openHub(file, { watch: false });
    hubs.push(hub);
    return hub;
  };

  test("values are parameters, streams are picked from item by item, and an author's word makes a read", async () => {
    const db = (
      await openSql(`user-by-name:
  summary: Finds users.
  input: { name: { type: string } }
  run: query
  effect: read
  with: { sql: "select id, name from users where name = :name", values: { name: "\${input.name}" } }
all-names:
  summary: All names.
  run: queryStream
  with: { sql: select name from users order by id }
  output: { pick: name }`)
    ).get("db");
    await db.execute("query", { sql: "create table users (id integer primary key, name text)" });
    const hostile = "x'; drop table users; --";
    await db.execute("insertMany", { table: "users", rows: [{ name: hostile }, { name: "Ada" }] });
    expect(await db.execute("user-by-name" as never, { name: hostile })).toEqual([{ id: 1, name: hostile }]);
    const names: unknown[] = [];
    for await (const name of db.stream("all-names" as never)) names.push(name);
    expect(names).toEqual([hostile, "Ada"]);
    const { operations } = (
      db as unknown as { describe(): { operations: Record<string, { effect: string }> } }
    ).describe();
    expect(operations["user-by-name"]!.effect).toBe("read");
    expect(operations["all-names"]!.effect).toBe("unknown");
  });

  test("a value in the text of a statement is refused when the configuration is read", async () => {
    const error = await openSql(`bad:
  summary: Bad.
  input: { name: { type: string } }
  run: query
  with: { sql: "select * from users where name = '\${input.name}'" }`).catch(
      (thrown: unknown) => thrown as ConnectorError,
    );
    expect(error).toMatchObject({ kind: "config_invalid" });
    expect((error as ConnectorError).message).toMatch(/connectors\.yaml:\d+:\d+.*never becomes part of a statement/);
  });
});

describe("what is wrong is told with its place", () => {
  const base = (rest: string): string => `op:\n  summary: S.\n${rest.replaceAll(/^/gm, "  ")}`;

  test.each<[string, RegExp]>([
    [base("run: gett\nwith: { path: / }"), /:8:\d+.*unknown name "gett"; did you mean "get"/],
    [base("run: get\nwith: { pathh: / }"), /unknown name "pathh"; did you mean "path"/],
    [base("run: get"), /path is missing/],
    [base('run: get\nwith: { path: "/${input.id}" }'), /\$\{input\.id\}: unknown name "id"/],
    [base('input: { id: { type: string } }\nrun: get\nwith: { path: "/${input.idd}" }'), /did you mean "id"/],
    [base("input: { id: string }\nrun: get\nwith: { path: / }"), /id: expected a JSON Schema/],
    [
      base("input: { id: { if: { type: string } } }\nrun: get\nwith: { path: / }"),
      /no JSON Schema that can be checked/,
    ],
    [base('run: get\nwith: { path: / }\noutput: { pick: "data[" }'), /is no JMESPath/],
    [base("run: get\nwith: { path: 7 }"), /path/],
    [base("run: get\nwith: { path: / }\nexamples: [{ title: T, input: { x: 1 } }]"), /unknown name "x"/],
    ["get:\n  summary: S.\n  run: head\n  with: { path: / }", /there is an operation "get" already/],
    ["health-check:\n  summary: S.\n  run: head\n  with: { path: / }", /every connector has "healthCheck" already/],
    ["Op:\n  summary: S.\n  run: head\n  with: { path: / }", /must be words in lower case with dashes/],
    ["op:\n  run: head\n  with: { path: / }", /summary/],
  ])("%s", async (operations, message) => {
    expect(await wrong(operations)).toMatch(message);
  });
});
