/** A connector that configurations of tests name by its path. */
import { z } from "zod";
import { defineConnector, read, secret } from "../../src/index.ts";

export default defineConnector({
  provider: "toy",
  type: "custom",
  title: "Toy",
  summary: "Answers with what it was asked.",
  connection: z.strictObject({ host: z.string(), key: secret("Key.").optional() }),
  operations: { echo: read("Echoes.", z.strictObject({ text: z.string() }), z.string()) },
  open: async () => ({ handlers: { echo: async ({ text }) => text }, ping: async () => {}, close: async () => {} }),
  classify: () => undefined,
});
