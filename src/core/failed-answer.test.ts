import { expect, test } from "vitest";
import { ConnectorError } from "./errors.ts";
import { failedAnswerOf } from "./failed-answer.ts";

class StatusError extends Error {
  get data(): unknown {
    return { again: true };
  }
}

test("what the system answered is found in the cause, also behind accessors", () => {
  expect(failedAnswerOf(new ConnectorError("conflict", "x", { cause: new StatusError() }))?.data).toEqual({
    again: true,
  });
});

test.each([undefined, new Error("reset"), { data: 1 }, "data"])("there is none in %o", (cause) => {
  expect(failedAnswerOf(new ConnectorError("conflict", "x", { cause }))).toBeUndefined();
});
