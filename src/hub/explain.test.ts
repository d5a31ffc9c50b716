import { expect, test } from "vitest";
import { formatOrigin } from "../config/origin.ts";
import { loadConfig } from "./configuration.ts";

test("what a shorthand says has the shorthand's place, and what it leaves out is a default", async () => {
  const options = {
    concurrency: 20,
    rateLimit: "learned",
    cache: { operations: { get: "1m" } },
    circuitBreaker: true,
    retry: { delay: 5 },
  };
  const connection = { baseURL: "https://api.example.com" };
  const { connectors } = await loadConfig({
    connectors: [{ name: "api", type: "rest-api", provider: "rest", connection, options }],
  });
  const told = connectors[0]!.explain().map(({ path, origin }) => [path.join("."), formatOrigin(origin)]);
  const at = (name: string): string => `connectors[0].options.${name}`;
  expect(Object.fromEntries(told)).toMatchObject({
    "options.concurrency.limit": at("concurrency"),
    "options.concurrency.queue": "default",
    "options.rateLimit.requests": at("rateLimit"),
    "options.rateLimit.mode": "default",
    "options.cache.operations.get.ttl": at("cache.operations.get"),
    "options.cache.operations.get.staleIfError": "default",
    "options.circuitBreaker.probes": "default",
    "options.retry.delay": at("retry.delay"),
    "options.retry.maxDelay": "default",
    "options.timeout": "default",
  });
});
