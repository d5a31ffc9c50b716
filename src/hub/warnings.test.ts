import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "./configuration.ts";
import { warningsOf } from "./warnings.ts";

const YAML = `connectors:
  - name: db
    type: database
    provider: postgresql
    connection: { host: localhost, database: app, username: app, password: x }
    options:
      concurrency: 20
      poolSize: 4
      attemptTimeout: 10s
      timeout: 10s
      retry: { attempts: 4 }
      circuitBreaker: { failures: 3 }
  - name: quiet
    type: database
    provider: postgresql
    connection: { host: localhost, database: app, username: app, password: x }
`;

test("a warning names each setting by the name, value and place that it was given", async () => {
  const folder = await mkdtemp(join(tmpdir(), "busbar-warnings-"));
  const file = join(folder, "connectors.yaml");
  try {
    await writeFile(file, YAML);
    const { connectors } = await loadConfig(file);
    const [warnings, none] = connectors.map(warningsOf);
    expect(none).toEqual([]);
    expect(warnings!.map(({ message }) => message.replaceAll(`${file}:`, ""))).toEqual([
      "attemptTimeout (10 s, 9:23) never takes effect, because timeout (10 s, 10:16) ends the call first; make it shorter.",
      expect.stringMatching(/^concurrency \(20, 7:20\) lets more calls through than poolSize \(4, 8:17\) can carry/),
      expect.stringMatching(
        /^circuitBreaker\.failures \(3, 12:35\) .* because retry\.attempts \(4, 11:26\) allows more/,
      ),
    ]);
    expect(warnings![0]!.settings).toEqual([
      { path: ["options", "attemptTimeout"], origin: expect.objectContaining({ from: "file", line: 9 }) },
      { path: ["options", "timeout"], origin: expect.objectContaining({ from: "file", line: 10 }) },
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a default that takes part is called so", async () => {
  const connection = { host: "localhost", database: "app", username: "app", password: "x" };
  const options = { circuitBreaker: { failures: 1 }, hedge: { delay: "31s" } };
  const { connectors } = await loadConfig({
    connectors: [{ name: "db", type: "database", provider: "postgresql", connection, options }],
  });
  expect(warningsOf(connectors[0]!).map(({ message }) => message)).toEqual([
    "hedge.delay (31 s, connectors[0].options.hedge.delay) sends no second try, because timeout (30 s, default) has ended the first; make it shorter.",
    expect.stringMatching(/^circuitBreaker\.failures .*retryAttempts \(3, default\)/),
  ]);
});
