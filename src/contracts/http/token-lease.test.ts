import { expect, test } from "vitest";
import { ConnectorError } from "../../core/errors.ts";
import { fakeClock } from "../../testkit/fake-clock.ts";
import { TokenLease, type Token } from "./token-lease.ts";

/** A lease over a source whose answers the test gives by hand. */
function leaseByHand(renewAheadMs = 60_000) {
  const clock = fakeClock();
  const asked: { give(token: Token): void; fail(error: Error): void; readonly signal: AbortSignal }[] = [];
  const failures: unknown[] = [];
  const lease = new TokenLease({
    clock,
    renewAheadMs,
    onRenewed: () => {},
    onFailed: (error) => void failures.push(error),
    source: (signal) =>
      new Promise((give, fail) => {
        asked.push({ give, fail, signal });
      }),
  });
  const give = async (value: string, lifetimeMs: number | null = 3_600_000): Promise<void> => {
    asked.at(-1)!.give({ value, lifetimeMs: lifetimeMs ?? undefined });
    await clock.settle();
  };
  return { clock, asked, lease, give, failures };
}

test("callers at the same time share one request for a token", async () => {
  const { lease, asked, give } = leaseByHand();
  const waiting = Array.from({ length: 200 }, () => lease.take());
  await give("t1");
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(["t1"]));
  expect(await lease.take()).toBe("t1");
  expect(asked).toHaveLength(1);
});

test("a token is renewed ahead of its end while callers go on with the old one", async () => {
  const { lease, asked, give, clock } = leaseByHand();
  void lease.take();
  await give("t1");
  await clock.advance(3_539_999);
  expect(lease.current()).toBe("t1");
  expect(asked).toHaveLength(1);
  await clock.advance(1);
  expect(lease.current()).toBe("t1");
  expect(lease.current()).toBe("t1");
  expect(asked).toHaveLength(2);
  await give("t2");
  expect(lease.current()).toBe("t2");
});

test("a short token is used for nine tenths of its life", async () => {
  const { lease, asked, give, clock } = leaseByHand();
  void lease.take();
  await give("t1", 2_000);
  await clock.advance(1_799);
  expect(lease.current()).toBe("t1");
  expect(asked).toHaveLength(1);
  await clock.advance(1);
  expect(lease.current()).toBe("t1");
  expect(asked).toHaveLength(2);
});

test("a renewal ahead of time that fails is tried again after half of what is left, is told and hurts nobody", async () => {
  const { lease, asked, clock, give, failures } = leaseByHand();
  void lease.take();
  await give("t1", 100_000);
  await clock.advance(90_000);
  expect(lease.current()).toBe("t1");
  asked.at(-1)!.fail(new ConnectorError("unavailable", "down"));
  await clock.settle();
  expect(failures).toEqual([expect.objectContaining({ kind: "unavailable" })]);
  await clock.advance(4_999);
  expect(lease.current()).toBe("t1");
  expect(asked).toHaveLength(2);
  await clock.advance(1);
  expect(lease.current()).toBe("t1");
  expect(asked).toHaveLength(3);
  asked.at(-1)!.fail(new ConnectorError("unavailable", "down"));
  await clock.advance(5_000);
  expect(lease.current()).toBeUndefined();
});

test("a token whose end nobody said is used until it is refused", async () => {
  const { lease, give, clock } = leaseByHand();
  void lease.take();
  await give("t1", null);
  await clock.advance(86_400_000 * 365);
  expect(lease.current()).toBe("t1");
});

test("trap 5: a late refusal of an old token starts nothing where a newer one is held", async () => {
  const { lease, asked, give } = leaseByHand();
  void lease.take();
  await give("t1");
  const first = lease.replace("t1");
  const second = lease.replace("t1");
  await give("t2");
  expect(await first).toBe("t2");
  expect(await second).toBe("t2");
  expect(await lease.replace("t1")).toBe("t2");
  expect(asked).toHaveLength(2);
});

test("new tokens that are refused as well start no storm on the token endpoint", async () => {
  const { lease, asked, give, clock } = leaseByHand();
  void lease.take();
  await give("t1");
  lease.accepted("t1");
  const replaced = lease.replace("t1");
  await give("t2");
  expect(await replaced).toBe("t2");
  expect(await lease.replace("t2")).toBeUndefined();
  expect(await lease.replace("t2")).toBeUndefined();
  expect(asked).toHaveLength(2);
  await clock.advance(5_000);
  const again = lease.replace("t2");
  await give("t3");
  expect(await again).toBe("t3");
  lease.accepted("t3");
  const after = lease.replace("t3");
  await give("t4");
  expect(await after).toBe("t4");
});

test("every waiter gets an error of its own, and the next one asks again", async () => {
  const { lease, asked, clock, give } = leaseByHand();
  const waiting = [lease.take(), lease.take()].map((token) => token.catch((error: unknown) => error));
  asked[0]!.fail(new ConnectorError("unavailable", "down", { retryAfterMs: 7 }));
  const [one, two] = (await Promise.all(waiting)) as ConnectorError[];
  expect(one).not.toBe(two);
  for (const error of [one, two])
    expect(error).toMatchObject({ kind: "unavailable", outcome: "none", retryAfterMs: 7 });
  await clock.settle();
  const next = lease.take();
  await give("t1");
  expect(await next).toBe("t1");
});

test("a source that never answers is given up after ten seconds, and then asked again", async () => {
  const { lease, asked, clock, give } = leaseByHand();
  const waiting = lease.take().catch((error: unknown) => error);
  await clock.advance(10_000);
  expect(await waiting).toMatchObject({ kind: "timeout", outcome: "none" });
  expect(asked[0]!.signal.aborted).toBe(true);
  const next = lease.take();
  expect(asked).toHaveLength(2);
  await give("t1");
  expect(await next).toBe("t1");
  expect(clock.pending).toBe(0);
});

test("closing ends the wait for a token", async () => {
  const { lease } = leaseByHand();
  const waiting = lease.take().catch((error: unknown) => error);
  lease.close();
  expect(await waiting).toMatchObject({ kind: "cancelled" });
});
