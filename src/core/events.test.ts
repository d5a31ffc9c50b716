import { channel } from "node:diagnostics_channel";
import { describe, expect, test } from "vitest";
import { makeCall } from "../testkit/make-call.ts";
import { channels, publishCall, publishNotice, publishState, publishUnclassified } from "./events.ts";

const { record } = makeCall();
const state = { connector: "db", provider: "postgresql", state: "connected" } as const;
const unclassified = { connector: "db", provider: "postgresql", error: new Error("odd") };
const notice = { connector: "db", name: "refreshed", severity: "warning", detail: { at: 1 } } as const;

describe("an event", () => {
  test.each([
    ["busbar:call", () => publishCall(record), record],
    ["busbar:state", () => publishState(state), state],
    ["busbar:unclassified", () => publishUnclassified(unclassified), unclassified],
    ["busbar:notice", () => publishNotice(notice), notice],
  ] as const)("reaches who subscribes to %s, and nobody else is troubled", (name, publish, event) => {
    publish();
    const heard: unknown[] = [];
    const listener = (message: unknown): void => void heard.push(message);
    channel(name).subscribe(listener);
    publish();
    channel(name).unsubscribe(listener);
    publish();
    expect(heard).toEqual([event]);
  });

  test("is as severe as it says, and otherwise for information", () => {
    const heard: unknown[] = [];
    const listener = (message: unknown): void => void heard.push(message);
    channels.notice.subscribe(listener);
    publishNotice({ connector: "db", name: "refreshed" });
    publishNotice({ connector: "db", name: "lost", severity: "warning" });
    channels.notice.unsubscribe(listener);
    expect(heard).toMatchObject([{ severity: "info" }, { severity: "warning" }]);
  });

  test("has a channel whose name is part of the contract", () => {
    expect(Object.values(channels).map(({ name }) => name)).toEqual([
      "busbar:call:start",
      "busbar:call",
      "busbar:attempt:start",
      "busbar:attempt",
      "busbar:state",
      "busbar:condition",
      "busbar:unclassified",
      "busbar:notice",
      "busbar:audit",
    ]);
  });
});
