/** When calls are told of, and what callers can say about their traces. */
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { CallRecord } from "busbar";
import { answer, fail } from "busbar/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openShop } from "./scripted-shop.ts";

const request = new AsyncLocalStorage<string>();
let told: [string, string | undefined, CallRecord][];
const start = (record: unknown): void => void told.push(["start", request.getStore(), record as CallRecord]);
const over = (record: unknown): void => void told.push(["over", request.getStore(), record as CallRecord]);
beforeEach(() => {
  told = [];
  subscribe("busbar:call:start", start);
  subscribe("busbar:call", over);
});
afterEach(() => {
  unsubscribe("busbar:call:start", start);
  unsubscribe("busbar:call", over);
});

test("a call begins and ends in its caller's context, with one record", async () => {
  const shop = await openShop({ steps: [answer(1)] });
  await request.run("r1", () => shop.execute("find", {}));
  expect(told.map(([what, context]) => [what, context])).toEqual([
    ["start", "r1"],
    ["over", "r1"],
  ]);
  expect(told[0]![2]).toBe(told[1]![2]);
  expect(told[1]![2]).toMatchObject({ connector: "shop", provider: "postgresql", type: "database", result: "ok" });
});

test("a stream begins where it is first read", async () => {
  async function* rows() {
    yield 1;
  }
  const shop = await openShop({ steps: [() => rows()] });
  const stream = request.run("made", () => shop.stream("rows", {}));
  await request.run("read", () => stream.next());
  expect(told.map(([what, context]) => [what, context])).toEqual([["start", "read"]]);
  await stream.return();
});

test("a record keeps the failure as the caller gets it", async () => {
  const shop = await openShop({ steps: [fail("conflict", "taken")] });
  const error = await shop.execute("add", {}).catch((thrown: unknown) => thrown);
  expect(told[1]![2].error).toBe(error);
});

test("a call that is refused before it begins is told as over, with its failure", async () => {
  const shop = await openShop();
  const error = await shop.execute("nothing" as never).catch((thrown: unknown) => thrown);
  expect(told).toMatchObject([["over", undefined, { result: "unsupported", outcome: "none", attempts: 0 }]]);
  expect(told[0]![2].error).toBe(error);
});

test("the caller's traceparent names the trace; one that is none is refused", async () => {
  const shop = await openShop({ steps: [answer(1)] });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
  const { meta } = await shop.call("find", {}, { traceparent });
  expect(meta.traceId).toBe("0af7651916cd43dd8448eb211c80319c");
  for (const wrong of ["", "00-abc", null as never, 7 as never])
    await expect(shop.execute("find", {}, { traceparent: wrong })).rejects.toThrow("Invalid traceparent");
});
