import { expect, test } from "vitest";
import { makeCall } from "../testkit/make-call.ts";
import { compose, type Next, type Policy } from "./policy.ts";

test("policies nest with the first outermost, and one left out is not there at all", async () => {
  const seen: string[] = [];
  const noting =
    (name: string): Policy =>
    (next) =>
    async (call) => {
      seen.push(`> ${name}`);
      const answer = await next(call);
      seen.push(`< ${name}`);
      return answer;
    };
  const innermost: Next = async () => {
    seen.push("system");
    return "answer";
  };
  expect(await compose([noting("a"), undefined, noting("b")], innermost)(makeCall())).toBe("answer");
  expect(seen).toEqual(["> a", "> b", "system", "< b", "< a"]);
  expect(compose([undefined, undefined], innermost)).toBe(innermost);
  expect(compose([], innermost)).toBe(innermost);
});
