import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectorError, loadConfig, openHub } from "busbar";
import { auditTo, type AuditEntry } from "busbar/observers";
import { fail } from "busbar/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compileDelete, compileUpdate } from "../../src/contracts/sql/compile.ts";
import { dialect } from "../../src/connectors/postgresql/text/dialect.ts";
import { CANARY, openShop } from "./scripted-shop.ts";

let entries: AuditEntry[];
let auditing: Disposable;
beforeEach(() => {
  entries = [];
  auditing = auditTo((entry) => void entries.push(entry));
});
afterEach(() => {
  auditing[Symbol.dispose]();
  expect(JSON.stringify(entries)).not.toContain(CANARY);
});

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
const traceId = expect.stringMatching(/^[\da-f]{32}$/);
const where = { connector: "shop", provider: "postgresql" };

describe("auditors hear", () => {
  test("of credentials that the system does not accept, once however many calls wait for the connection", async () => {
    const refusal = (): Error => new ConnectorError("unauthenticated", `no user ${CANARY}`, { code: "28P01" });
    const shop = await openShop({ refusal });
    const connects = [shop.connect(), shop.connect(), shop.connect()];
    expect((await Promise.allSettled(connects)).map(({ status }) => status)).toEqual([
      "rejected",
      "rejected",
      "rejected",
    ]);
    expect(entries).toEqual([{ time, event: "authentication failed", ...where, code: "28P01" }]);
    await shop.connect().catch(() => {});
    expect(entries).toHaveLength(2);
  });

  test("the same where a call opens the connection", async () => {
    const shop = await openShop({ refusal: () => new ConnectorError("unauthenticated", "no") });
    const { definition } = shop.constructor as unknown as { definition: { provider: string } };
    expect(definition.provider).toBe("postgresql");
    await using hub = await openHub({
      connectors: [
        { name: "shop", type: "database", provider: shop.constructor as never, connection: { password: CANARY } },
      ],
    });
    const calls = [hub.get("shop").execute("find", {}), hub.get("shop").execute("find", {})];
    await Promise.allSettled(calls);
    expect(entries.filter(({ event }) => event === "authentication failed")).toHaveLength(1);
  });

  test.each([
    ["unauthenticated", "authentication failed"],
    ["permission_denied", "access denied"],
  ] as const)("of a call that failed as %s", async (kind, event) => {
    const shop = await openShop({ steps: [fail(kind, `no ${CANARY}`, { code: "25006" })] });
    await shop.execute("add", { id: CANARY }).catch(() => {});
    expect(entries).toEqual([{ time, event, ...where, operation: "add", code: "25006", traceId }]);
  });

  test.each([
    ["update", () => compileUpdate({ table: "users", data: { name: CANARY } }, dialect)],
    ["delete", () => compileDelete({ table: "users" }, dialect)],
  ])("of %s without a `where`", async (_name, compile) => {
    const shop = await openShop({ steps: [compile] });
    await expect(shop.execute("add", {})).rejects.toThrow("every row");
    expect(entries).toEqual([{ time, event: "write refused", ...where, operation: "add", traceId }]);
  });

  test("of a circuit breaker that is set by hand", async () => {
    const shop = await openShop({ options: { circuitBreaker: true } });
    shop.circuitBreaker!.isolate();
    shop.circuitBreaker!.reset();
    expect(entries).toEqual([
      { time, event: "circuit isolated", connector: "shop" },
      { time, event: "circuit reset", connector: "shop" },
    ]);
  });

  test("of a configuration, and where each secret in it is written", async () => {
    const folder = await mkdtemp(join(tmpdir(), "busbar-audit-"));
    try {
      const file = join(folder, "connectors.yaml");
      const lines = [
        "connectors:",
        "  - name: db",
        "    type: database",
        "    provider: postgresql",
        "    connection:",
        "      host: localhost",
        "      database: app",
        "      username: app",
        '      password: "${DB_PASSWORD}"',
      ];
      await writeFile(file, lines.join("\n"));
      await loadConfig(file, { env: { DB_PASSWORD: CANARY } });
      expect(entries).toEqual([
        { time, event: "configuration loaded", files: [file], connectors: ["db"] },
        { time, event: "secret read", connector: "db", setting: "connection.password", source: `${file}:9:17` },
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

test("other failures are none of theirs", async () => {
  const shop = await openShop({ steps: [fail("timeout"), fail("input_invalid")], options: { retryAttempts: 1 } });
  await shop.execute("find", {}).catch(() => {});
  await shop.execute("find", {}).catch(() => {});
  await shop.execute("nothing" as never).catch(() => {});
  expect(entries).toEqual([]);
});
