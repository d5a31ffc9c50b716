import { expect, test } from "vitest";
import type { Call } from "../../../core/call.ts";
import { fakeClock } from "../../../testkit/index.ts";
import type { SqlResult } from "../connection.ts";
import { type LaneConnection, Lanes } from "./lanes.ts";
import type { Occupant } from "./occupant.ts";

test("a server that lets no lane be opened is not asked again with every call", async () => {
  const clock = fakeClock();
  let taken = 0;
  let broken = 0;
  const connection = {
    openLane: () => Promise.reject(new Error("no such thing")),
  } as unknown as LaneConnection<Occupant<string[]>, string[]>;
  const pool = {
    waiting: 1,
    checkout: () => Promise.resolve((taken++, connection)),
    release: (_: unknown, how?: { readonly broken?: boolean }) => void (broken += Number(how?.broken)),
  };
  const lanes = new Lanes({ pool, clock, max: 8 });
  for (let run = 0; run < 5; run++) lanes.learn("q", { tookMs: 1, command: "SELECT" });
  const ask = async (): Promise<void> => {
    const statement = { sql: "q", values: [] };
    // Nobody looks at the call before there is a lane.
    const answer = lanes.run(statement, undefined as unknown as Call, {}, () => Promise.reject<SqlResult>(new Error()));
    expect(answer).toBeUndefined();
    await clock.settle();
  };
  for (let call = 0; call < 10; call++) await ask();
  expect([taken, broken]).toEqual([1, 1]);
  await clock.advance(1_100);
  for (let call = 0; call < 10; call++) await ask();
  expect([taken, broken]).toEqual([2, 2]);
});
