/** What a REST connector is told: where the API is, who asks, and how much of its answers to take. */
import { z } from "zod";
import { bytes, checkPoolSize, pool, secret, tlsDetails } from "../../config/fields.ts";
import { authField } from "../../contracts/http/auth.ts";
import { headerProblem } from "../../contracts/http/header-fields.ts";
import { idempotencyKeysField } from "../../contracts/http/idempotency-keys.ts";
import { Secret } from "../../core/secret.ts";

/** Configured headers with such names hold credentials, whether or not anybody said so. */
const SECRET_NAME = /auth|cookie|credential|key|password|secret|session|signature|token/i;

const textOf = (value: string | Secret): string => (typeof value === "string" ? value : value.reveal());

const baseURL = z
  .url({ protocol: /^https?$/, error: "expected an http or https URL" })
  .superRefine((text, context) => {
    if (!URL.canParse(text)) return;
    const { username, password, search, hash } = new URL(text);
    const refuse = (message: string): void => context.addIssue({ code: "custom", message });
    if (username !== "" || password !== "")
      refuse("cannot have a user name or password in it; use `auth` of scheme basic");
    if (search !== "" || hash !== "") refuse("cannot have a query or fragment; give `query` with each call");
  })
  .meta({
    description: "Where the API is. Paths of calls are below it; its own path stays in front of them.",
    examples: ["https://api.example.com/v1"],
  });

const headers = z
  .record(z.string(), z.union([z.string(), z.instanceof(Secret)], { error: "expected text" }))
  .superRefine((given, context) => {
    for (const [name, value] of Object.entries(given)) {
      const message = headerProblem(name, textOf(value));
      if (message !== undefined) context.addIssue({ code: "custom", path: [name], message });
    }
  })
  .transform((given) =>
    Object.fromEntries(
      Object.entries(given).map(([name, value]): [string, string | Secret] => [
        name,
        typeof value === "string" && value !== "" && SECRET_NAME.test(name) ? new Secret(value) : value,
      ]),
    ),
  )
  .meta({
    description: "Headers of every call. Values of headers whose names speak of keys, tokens and the like are secrets.",
    examples: [{ "Accept-Language": "en" }],
  });

export const connection = z
  .strictObject({
    baseURL,
    headers: headers.optional(),
    apiKey: secret("A key that is sent as `Authorization: Bearer …`; `auth` offers every other way.")
      .refine((key) => headerProblem("authorization", key.reveal()) === undefined, {
        error: "has line breaks or characters that a header cannot carry",
      })
      .meta({
        description: "A key that is sent as `Authorization: Bearer …`; `auth` offers every other way.",
        secret: true,
      })
      .optional(),
    auth: authField.optional(),
    tls: tlsDetails.optional().meta({
      description: "TLS of the base URL's host. Other hosts (a token endpoint, redirects) only learn of `ca`.",
    }),
  })
  .superRefine((given, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if (given.apiKey !== undefined && given.auth !== undefined)
      refuse("apiKey", "says the same as auth: who asks; keep one");
    const taken = headerOfAuth(given.apiKey, given.auth);
    for (const name of Object.keys(given.headers ?? {}))
      if (name.toLowerCase() === taken) refuse("headers", `the header "${name}" is set by auth or apiKey; keep one`);
    if (given.tls !== undefined && new URL(given.baseURL).protocol === "http:")
      refuse("tls", "takes a baseURL that starts with https:");
  });

function headerOfAuth(apiKey: Secret | undefined, auth: z.output<typeof authField> | undefined): string | undefined {
  if (apiKey !== undefined) return "authorization";
  if (auth === undefined || auth.scheme === "none") return undefined;
  if (auth.scheme !== "apiKey") return "authorization";
  return auth.in === "header" ? auth.name.toLowerCase() : undefined;
}

export const options = z
  .strictObject({
    ...pool,
    healthPath: z.string().default("/health").meta({
      description: "Path that the health check asks for with GET; any 2xx is healthy.",
    }),
    maxResponseBytes: bytes("Largest answer, decompressed; a larger one fails with `too_large`.").default(10 * 2 ** 20),
    maxRedirects: z.int().min(0).max(20).default(5).meta({
      description: "Most redirects of one call; credentials stay on the base URL's origin. 0 follows none.",
    }),
    idempotencyKeys: idempotencyKeysField,
    userAgent: z
      .string()
      .min(1)
      .regex(/^[\t\x20-\x7e]*$/, { error: "has characters that a header cannot carry" })
      .default("busbar")
      .meta({ description: "The `User-Agent` header." }),
  })
  .superRefine(checkPoolSize);

export type Connection = z.output<typeof connection>;
export type Options = z.output<typeof options>;
