import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../hub/configuration.ts";
import { connectorTypes } from "./connector-types.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "busbar-types-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const CONFIG = `connectors:
  - name: crm-api
    type: rest-api
    connection: { baseURL: https://crm.example.com }
    operations:
      find-customer:
        summary: Finds a customer */ by e-mail.
        input: { email: { type: string }, limit: { type: integer, default: 5 } }
        run: get
        with: { path: /customers, query: { email: "\${input.email}", limit: "\${input.limit}" } }
        output:
          pick: data[0]
          schema: { type: object, properties: { id: { type: integer } }, required: [id] }
      ping: { summary: Asks., run: head, with: { path: / } }
  - name: db
    type: database
    provider: sqlite
    connection: { file: x.db }
    operations:
      names:
        summary: All names.
        run: queryStream
        with: { sql: select 1 }
        output: { pick: name, schema: { type: string } }
`;

const USE = `import { openHub } from "busbar";
const hub = await openHub("connectors.yaml");
const api = hub.get("crm-api");
const found = await api.findCustomer({ email: "a" }, { timeout: 5 });
export const id: number = found.id;
export const again: number = (await api.execute("find-customer", { email: "a", limit: 1 })).id;
export const headers = await api.ping();
export const own = await api.get({ path: "/" });
for await (const name of hub.get("db").names()) name.toUpperCase();
for await (const name of hub.get("db").stream("names")) name.toUpperCase();
await hub.get("db").insert({ table: "t", data: {} });
// @ts-expect-error the e-mail is missing
await api.findCustomer({});
// @ts-expect-error it is a text
await api.findCustomer({ email: 7 });
// @ts-expect-error there is no such field
await api.findCustomer({ email: "a", more: 1 });
// @ts-expect-error there is no such operation
await api.findCustomers({ email: "a" });
// @ts-expect-error it is a number
export const wrong: string = found.id;
`;

test("a program that uses the operations of a configuration is checked by the compiler", async () => {
  await writeFile(join(folder, "connectors.yaml"), CONFIG);
  const { connectors } = await loadConfig(join(folder, "connectors.yaml"));
  const types = connectorTypes(
    connectors.map(({ name, provider, definition }) => ({
      name,
      module: `busbar/connectors/${provider}`,
      operations: definition.operations,
    })),
  );
  await writeFile(join(folder, "connectors.d.ts"), types);
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "use.ts"), USE);
  const program = ts.createProgram([join(folder, "connectors.d.ts"), join(folder, "use.ts")], {
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    module: ts.ModuleKind.NodeNext,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    typeRoots: [join(root, "node_modules/@types")],
    types: ["node"],
    paths: { busbar: [join(root, "src/index.ts")], "busbar/*": [join(root, "src/*/index.ts")] },
  });
  const problems = ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file?.fileName.startsWith(folder) === true)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  expect(problems).toEqual([]);
});
