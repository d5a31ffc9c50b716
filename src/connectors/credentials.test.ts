import { beforeEach, expect, test } from "vitest";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { RenewableCredentials } from "./credentials.ts";

let clock: FakeClock;
let reads: number;
let failures: unknown[];
let answer: () => Promise<boolean>;
let credentials: RenewableCredentials;

beforeEach(() => {
  [clock, reads, failures] = [fakeClock(), 0, []];
  const read = (): Promise<boolean> => (reads++, answer());
  credentials = new RenewableCredentials({ clock, read, onFailed: (error) => void failures.push(error) });
});

test("what somebody else put in force while they were read counts, and nothing pauses", async () => {
  answer = async () => (credentials.advance(), false);
  expect(await credentials.renew(0)).toBe(true);
  answer = async () => true;
  expect([await credentials.renew(1), reads]).toEqual([true, 2]);
});

test("they are read once for all who ask, and for nobody who asks late", async () => {
  answer = async () => (credentials.advance(), true);
  expect(await Promise.all([1, 2, 3].map(() => credentials.renew(0)))).toEqual([true, true, true]);
  expect([await credentials.renew(0), reads]).toEqual([true, 1]);
});

test("to no avail, they are not read again for a second", async () => {
  answer = async () => false;
  expect([await credentials.renew(0), await credentials.renew(0), reads]).toEqual([false, false, 1]);
  await clock.advance(1_000);
  expect([await credentials.renew(0), reads]).toEqual([false, 2]);
});

test("a source that does not answer is given up after a minute, and asked again", async () => {
  answer = () => new Promise(() => {});
  const asked = credentials.renew(0);
  await clock.advance(60_000);
  expect([await asked, clock.pending, reads]).toEqual([false, 0, 1]);
  expect(failures).toMatchObject([{ kind: "timeout", outcome: "none" }]);
  await clock.advance(1_000);
  answer = async () => true;
  expect(await credentials.renew(0)).toBe(true);
});
