import { ConnectorError } from "busbar";
import { logTo, type LogOptions } from "busbar/observers";
import { answer, delay, fail, fakeClock, raise } from "busbar/testkit";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { channels } from "../../src/core/events.ts";
import { CANARY, openShop } from "./scripted-shop.ts";

type Line = Record<string, unknown>;

let lines: Line[];
let logging: Disposable | undefined;
const log = (options?: LogOptions): void => {
  const destination = { write: (text: string) => void lines.push(JSON.parse(text) as Line) };
  logging = logTo(pino({ level: "debug", base: null, timestamp: false }, destination), options);
};
beforeEach(() => void (lines = []));
afterEach(() => {
  logging?.[Symbol.dispose]();
  logging = undefined;
  expect(JSON.stringify(lines)).not.toContain(CANARY);
});

test("normal operation is silent", async () => {
  const shop = await openShop({ steps: [answer([{ id: CANARY }]), answer(1)] });
  log();
  await shop.execute("find", { name: CANARY });
  await shop.execute("add", {});
  expect(lines).toEqual([]);
});

test("a change of state is one line", async () => {
  log();
  const shop = await openShop();
  await shop.disconnect();
  expect(lines).toEqual([
    { level: 30, connector: "shop", provider: "postgresql", msg: "connected" },
    { level: 30, connector: "shop", provider: "postgresql", msg: "disconnected" },
  ]);
});

test("a connection that cannot be made is a warning with its reason", async () => {
  log();
  const shop = await openShop({ refusal: () => new ConnectorError("unavailable", `refused, ${CANARY}`) });
  await expect(shop.connect()).rejects.toThrow("Failed to connect");
  expect(lines).toEqual([
    {
      level: 40,
      connector: "shop",
      provider: "postgresql",
      reason: "refused, [redacted]",
      msg: "disconnected",
    },
  ]);
});

test("a failed call is one line however many tries it took, with what its caller was told", async () => {
  const shop = await openShop({
    steps: [fail("unavailable", `no ${CANARY}`), fail("unavailable", "gone", { code: "57P01" })],
    options: { retryAttempts: 2 },
  });
  log();
  const error = await shop.execute("find", {}).catch((thrown: unknown) => thrown as ConnectorError);
  expect(lines).toEqual([
    {
      level: 40,
      connector: "shop",
      provider: "postgresql",
      operation: "find",
      effect: "read",
      attempts: 2,
      durationMs: expect.any(Number),
      waitMs: expect.any(Number),
      traceId: expect.stringMatching(/^[\da-f]{32}$/),
      kind: "unavailable",
      error: (error as ConnectorError).message,
      code: "57P01",
      by: "retry",
      msg: "call failed",
    },
  ]);
  expect(lines[0]).toMatchObject({ error: "Operation failed after 2 attempts: gone [shop.find]" });
});

describe("how severe a failure is", () => {
  test.each([
    ["unauthenticated", 50],
    ["timeout", 40],
    ["permission_denied", 40],
    ["not_found", 30],
    ["input_invalid", 30],
    ["conflict", 30],
  ] as const)("%s: %i", async (kind, level) => {
    const shop = await openShop({ steps: [fail(kind)], options: { retryAttempts: 1 } });
    log();
    await shop.execute("find", {}).catch(() => {});
    expect(lines).toMatchObject([{ level, kind }]);
  });

  test("an error that no table knows: its name, never its words, and the failure of the call", async () => {
    const shop = await openShop({ steps: [raise(Object.assign(new TypeError(`odd ${CANARY}`), { code: "E_ODD" }))] });
    log();
    await shop.execute("find", {}).catch(() => {});
    expect(lines).toMatchObject([
      { level: 40, name: "TypeError", code: "E_ODD", msg: "unknown error" },
      { level: 50, kind: "internal", error: "odd [redacted] [shop.find]", msg: "call failed" },
    ]);
  });

  test("a call that was refused before it began", async () => {
    const shop = await openShop();
    log();
    await shop.execute("nothing" as never).catch(() => {});
    expect(lines).toMatchObject([{ level: 30, operation: "nothing", kind: "unsupported", attempts: 0 }]);
  });
});

test("a slow call is a warning with its waits; one that is not as slow is none", async () => {
  const clock = fakeClock();
  const options = { timeout: 0, rateLimit: { requests: 1, window: 300, burst: 1 } };
  const steps = [delay(clock, 499, answer(1)), delay(clock, 300, answer(2))];
  const shop = await openShop({ steps, clock, options });
  log({ slowMs: 500 });
  const first = shop.execute("find", {});
  const second = shop.execute("find", {});
  await clock.advance(1_000);
  await Promise.all([first, second]);
  expect(lines).toEqual([
    {
      level: 40,
      connector: "shop",
      provider: "postgresql",
      operation: "find",
      effect: "read",
      attempts: 1,
      durationMs: 600,
      waitMs: 300,
      waits: { "waiting for the rate limit": 300 },
      traceId: expect.any(String),
      msg: "slow call",
    },
  ]);
});

test("a stream is not slow, whatever time its reader takes", async () => {
  const clock = fakeClock();
  async function* rows() {
    yield 1;
    yield 2;
  }
  const shop = await openShop({ steps: [() => rows()], clock });
  log({ slowMs: 10 });
  for await (const row of shop.stream("rows", {})) {
    void row;
    await clock.advance(100);
  }
  expect(lines).toEqual([]);
});

test("`debug` tells every call; `error` tells of nothing less", async () => {
  const shop = await openShop({
    steps: [answer(1), fail("timeout"), fail("unauthenticated")],
    options: { retryAttempts: 1 },
  });
  log({ level: "debug" });
  await shop.execute("find", {});
  expect(lines).toMatchObject([{ level: 20, operation: "find", msg: "call" }]);
  logging![Symbol.dispose]();
  log({ level: "error" });
  await shop.execute("find", {}).catch(() => {});
  await shop.execute("find", {}).catch(() => {});
  expect(lines.slice(1)).toMatchObject([{ level: 50, kind: "unauthenticated" }]);
});

test("a notice is a line, as severe as the notice", () => {
  log();
  const notice = { connector: "shop", detail: undefined };
  channels.notice.publish({ ...notice, name: "circuit open", severity: "warning" });
  channels.notice.publish({ ...notice, name: "circuit closed", severity: "info" });
  expect(lines).toEqual([
    { level: 40, connector: "shop", msg: "circuit open" },
    { level: 30, connector: "shop", msg: "circuit closed" },
  ]);
});

test("nothing is written, and nobody is subscribed, after it has been disposed of", async () => {
  const shop = await openShop({ steps: [fail("timeout")], options: { retryAttempts: 1 } });
  log();
  logging![Symbol.dispose]();
  await shop.execute("find", {}).catch(() => {});
  expect(lines).toEqual([]);
  expect(Object.values(channels).filter(({ hasSubscribers }) => hasSubscribers)).toEqual([]);
});

test("a system that begins to fail, is down and comes back is a line each, with the reason", async () => {
  const failing = Array.from({ length: 5 }, () => fail("connection_lost", `reset ${CANARY}`));
  const shop = await openShop({ steps: [...failing, answer(1)], options: { retryAttempts: 1 } });
  log();
  for (let n = 0; n < 6; n++) await shop.execute("find", {}).catch(() => {});
  const place = { connector: "shop", provider: "postgresql" };
  expect(lines.filter(({ msg }) => msg !== "call failed")).toEqual([
    {
      level: 40,
      ...place,
      from: "ready",
      kind: "connection_lost",
      reason: "3 tries failed in a row",
      msg: "degraded",
    },
    { level: 40, ...place, from: "degraded", kind: "connection_lost", reason: "reset [redacted]", msg: "down" },
    { level: 30, ...place, from: "down", msg: "ready" },
  ]);
});

test("a connection that cannot be made is told once, not each time that it is tried again", async () => {
  log();
  let isDown = true;
  const shop = await openShop({
    refusal: () => (isDown ? new ConnectorError("unavailable", "refused") : undefined),
  });
  for (let n = 0; n < 5; n++) await shop.connect().catch(() => {});
  isDown = false;
  await shop.connect();
  await shop.disconnect();
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    [40, "disconnected"],
    [30, "ready"],
    [30, "disconnected"],
  ]);
});
