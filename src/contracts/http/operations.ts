/** What can be asked of an HTTP API. Answers are parsed data; `call()` tells status and headers beside it. */
import { z } from "zod";
import { read, write, type Effect, type EffectContext } from "../../core/operation.ts";
import { placeholderRules } from "../../core/placeholder-rule.ts";
import { headerFields } from "./header-fields.ts";
import { effectOfMethod } from "./method.ts";
import { queryField } from "./query.ts";
import { BODY_TYPES } from "./request-body.ts";

const path = z
  .string()
  .meta({
    description: "Path below the base URL. It cannot leave the base URL: no other host, no `..`.",
    examples: ["/users/7"],
  })
  .register(placeholderRules, { rule: "path" });
const query = queryField.optional().meta({
  description: "Query parameters. A list repeats the name; null leaves it out.",
  examples: [{ page: 2, tag: ["new", "open"] }],
});
const headers = headerFields.optional().meta({
  description: "Headers of this call; they win over the configured ones.",
  examples: [{ "If-None-Match": '"v7"' }],
});
const data = z
  .unknown()
  .optional()
  .meta({
    description: "The body: text and bytes as they are, everything else as JSON, unless `bodyType` says otherwise.",
    examples: [{ name: "Ada" }],
  });
const bodyType = z.enum(BODY_TYPES).optional().meta({
  description: "How `data` is written: `json`, `text`, `form` (URL-encoded) or `bytes`.",
});
const method = z
  .string()
  .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}$/, { error: "expected the name of an HTTP method" })
  .transform((text) => text.toUpperCase())
  .refine((name) => name !== "CONNECT" && name !== "TRACE", { error: "CONNECT and TRACE are not for APIs" })
  .meta({ description: "The HTTP method.", examples: ["PURGE", "OPTIONS"] });

const answer = z.unknown().meta({
  description: "JSON parsed, text as text, everything else as bytes; null where the answer has no body.",
});
const answerHeaders = z
  .record(z.string(), z.union([z.string(), z.array(z.string())]))
  .meta({ description: "The answer's headers, names in lower case; a list where one came more than once." });

const question = z.strictObject({ path, query, headers });
const message = z.strictObject({ path, query, headers, data, bodyType });

/** Whether the connector's options say that the API honours idempotency keys. */
const honoursKeys = ({ options }: EffectContext): boolean => (options["idempotencyKeys"] ?? false) !== false;

const keyed = {
  effect: "keyed",
  effectOf: (_: unknown, about: EffectContext): Effect => (honoursKeys(about) ? "keyed" : "unsafe"),
  effectWhen: "`keyed` where `idempotencyKeys` is set, else `unsafe`",
} as const;

/** The operations that every connector of an HTTP API has. */
export const httpOperations = {
  get: read("Reads a resource.", question, answer, {
    examples: [{ title: "One page of a list", input: { path: "/items", query: { page: 2 } } }],
  }),
  head: read("Reads a resource's headers; they are the answer.", question, answerHeaders, {
    examples: [{ title: "Size and version of a resource", input: { path: "/items/1" } }],
  }),
  post: write("Sends data to a resource.", message, answer, {
    ...keyed,
    examples: [{ title: "A new item", input: { path: "/items", data: { name: "Ada" } } }],
  }),
  put: write("Replaces a resource.", message, answer, {
    effect: "idempotent",
    examples: [{ title: "A whole item", input: { path: "/items/1", data: { name: "Ada" } } }],
  }),
  patch: write("Changes parts of a resource.", message, answer, {
    ...keyed,
    examples: [{ title: "One field", input: { path: "/items/1", data: { name: "Ada Lovelace" } } }],
  }),
  delete: write("Removes a resource.", message, answer, {
    effect: "idempotent",
    examples: [{ title: "One item", input: { path: "/items/1" } }],
  }),
  request: write("Sends a request with any method; its effect is the method's.", message.extend({ method }), answer, {
    effectOf: ({ method: name }, about) =>
      honoursKeys(about) && (name === "POST" || name === "PATCH") ? "keyed" : effectOfMethod(name),
    effectWhen: "that of the operation called like the method; `unsafe` for any other method",
    examples: [{ title: "What a resource allows", input: { method: "OPTIONS", path: "/items" } }],
  }),
};

/** The operations of every connector of an HTTP API. */
export type HTTPOperations = typeof httpOperations;
