import { describe, expect, test } from "vitest";
import { z } from "zod";
import { read, stream, write } from "../core/operation.ts";
import { namedOperationProblems } from "./named-operations.ts";
import { policySettings, type PolicySettingsInput } from "./pipeline.ts";

const input = z.strictObject({ id: z.string(), tenant: z.string().optional() });
const operations = {
  get: read("Reads.", input, z.string()),
  list: stream("Lists.", input, z.string()),
  put: write("Writes.", input, z.string()),
};

function problems(settings: PolicySettingsInput): string[] {
  return namedOperationProblems(policySettings.parse(settings), operations).map(
    ({ path, message }) => `${path.join(".")}: ${message}`,
  );
}
const rate = { requests: 10, window: "1s" } as const;

test("names that there are pass", () => {
  expect(
    problems({
      cache: { operations: { get: "1m" } },
      invalidates: { put: ["get"] },
      rateLimit: { ...rate, weights: { list: 5 }, key: "input.tenant" },
      faults: { rules: [{ operation: "put", delay: 5 }, { delay: 5 }] },
    }),
  ).toEqual([]);
  expect(problems({})).toEqual([]);
});

describe("refused is", () => {
  test("an operation that does not exist, with the nearest name", () => {
    expect(problems({ cache: { operations: { gett: "1m" } } })).toEqual([
      'cache.operations.gett: unknown name "gett"; did you mean "get"?; allowed: get',
    ]);
    expect(problems({ rateLimit: { ...rate, weights: { lst: 5 } } })).toEqual([
      'rateLimit.weights.lst: unknown name "lst"; did you mean "list"?; allowed: get, list, put',
    ]);
    expect(problems({ faults: { rules: [{ delay: 1 }, { operation: "toString", delay: 5 }] } })).toEqual([
      'faults.rules.1.operation: unknown name "toString"; allowed: get, list, put',
    ]);
  });

  test("keeping what is not a read that answers once", () => {
    expect(problems({ cache: { operations: { put: 1, list: 1 } } })).toEqual([
      "cache.operations.put: may write, and is never kept",
      "cache.operations.list: is a stream, and never kept",
    ]);
  });

  test("outdating by a read, or of what is not kept", () => {
    const cache = { operations: { get: 1 } };
    expect(problems({ cache, invalidates: { get: ["get"], puts: ["get"], put: ["list"] } })).toEqual([
      "invalidates.get: only reads, and outdates nothing",
      'invalidates.puts: unknown name "puts"; did you mean "put"?; allowed: put',
      'invalidates.put.0: unknown name "list"; allowed: get',
    ]);
  });

  test("a tag of a field that the operation does not take, or that no kept answer carries", () => {
    const cache = { operations: { get: { ttl: 1, tags: ["users", "user:{input.id}"] } } };
    const update = (tags: string[]) => problems({ cache, invalidates: { put: { tags } } });
    expect(update(["users", "user:{input.tenant}", "user:5"])).toEqual([]);
    expect(update(["usr:{input.id}", "user:{input.ident}", "all"])).toEqual([
      'invalidates.put.tags.0: no kept answer has this tag: unknown name "usr:{input.id}"; did you mean "user:{input.id}"?; allowed: user:{input.id}, users',
      'invalidates.put.tags.2: no kept answer has this tag: unknown name "all"; allowed: user:{input.id}, users',
      'invalidates.put.tags.1: the operation has no such field: unknown name "ident"; allowed: id, tenant',
    ]);
    expect(problems({ cache: { operations: { get: { ttl: 1, tags: ["user:{input.i}"] } } } })).toEqual([
      'cache.operations.get.tags.0: the operation has no such field: unknown name "i"; did you mean "id"?; allowed: id, tenant',
    ]);
    expect(problems({ cache, invalidates: { put: { operations: ["gett"] } } })).toEqual([
      'invalidates.put.operations.0: unknown name "gett"; did you mean "get"?; allowed: get',
    ]);
  });

  test("counting by a field that no operation has", () => {
    expect(problems({ rateLimit: { ...rate, key: "input.tenannt" } })).toEqual([
      'rateLimit.key: no operation has this field: unknown name "tenannt"; did you mean "tenant"?; allowed: id, tenant',
    ]);
  });
});
