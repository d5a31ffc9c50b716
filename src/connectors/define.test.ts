import { expect, test } from "vitest";
import { z } from "zod";
import { defineConnector, read, secret, stream, write, ConnectorError } from "../index.ts";

const Toy = defineConnector({
  provider: "toy",
  type: "custom",
  title: "Toy",
  summary: "x",
  connection: z.strictObject({ token: secret("t").optional() }),
  operations: {
    echo: read("Echo.", z.strictObject({ text: z.string() }), z.string()),
    fail: write("Fail.", z.strictObject({}), z.string()),
    count: stream("Count.", z.strictObject({ to: z.int() }), z.number()),
  },
  async open() {
    return {
      handlers: {
        echo: async ({ text }) => text,
        fail: async () => {
          throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
        },
        count: async function* ({ to }) {
          for (let i = 1; i <= to; i++) yield i;
        },
      },
      ping: async () => {},
      close: async () => {},
    };
  },
  classify: () => undefined,
});

test("a connector answers after connect and refuses before", async () => {
  const toy = new Toy({});
  await expect(toy.execute("echo", { text: "a" })).rejects.toThrow("Connector not connected");
  await toy.connect();
  expect(await toy.echo({ text: "a" })).toBe("a");
  const seen: number[] = [];
  for await (const n of toy.count({ to: 3 })) seen.push(n);
  expect(seen).toEqual([1, 2, 3]);
  expect(await toy.healthCheck()).toMatchObject({ status: "healthy", connected: true });
  await toy.disconnect();
  expect(toy.isConnected).toBe(false);
});

test("an unsafe write with an unknown outcome is not repeated", async () => {
  const toy = new Toy({});
  await toy.connect();
  const error = await toy.fail().catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ConnectorError);
  expect(error).toMatchObject({
    kind: "connection_lost",
    outcome: "unknown",
    attempts: 1,
    connector: "toy",
    operation: "fail",
  });
  await toy.disconnect();
});
