/** How a connector of an HTTP API proves who it is: one setting, told apart by `scheme`. */
import { z } from "zod";
import { duration, secret } from "../../config/fields.ts";
import type { Secret } from "../../core/secret.ts";
import { headerProblem } from "./header-fields.ts";
import { renewOnField } from "./token-refusal.ts";

/** What a token source in code answers with. */
export interface IssuedToken {
  readonly token: string;
  /** When it ends: a date, or milliseconds since 1970. Left out, it is used until the API refuses it. */
  readonly expiresAt?: Date | number | undefined;
}

/** Gets a token; called once however many callers wait, and again ahead of its expiry. */
export type TokenFunction = (signal: AbortSignal) => Promise<IssuedToken>;

/** A secret that is sent in a header as it stands. */
function headerSecret(description: string): z.ZodType<Secret, string | Secret> {
  return secret(description)
    .refine((value) => headerProblem("x", value.reveal()) === undefined, {
      error: "has line breaks or characters that a header cannot carry",
    })
    .meta({ description, secret: true });
}

const none = z.strictObject({ scheme: z.literal("none").meta({ description: "No credentials." }) });

const apiKey = z
  .strictObject({
    scheme: z.literal("apiKey").meta({ description: "A key in a header or in the query." }),
    key: headerSecret("The key."),
    in: z.enum(["header", "query"]).default("header").meta({ description: "Where the key is sent." }),
    name: z.string().min(1).default("X-API-Key").meta({ description: "Name of the header or of the query parameter." }),
    prefix: z
      .string()
      .optional()
      .meta({ description: "Word before the key, with a space between.", examples: ["Token"] }),
  })
  .superRefine(({ in: place, name, prefix = "" }, context) => {
    const message = place === "header" ? headerProblem(name, prefix) : undefined;
    if (message !== undefined) context.addIssue({ code: "custom", path: ["name"], message });
  });

const bearer = z.strictObject({
  scheme: z.literal("bearer").meta({ description: "A token that does not change." }),
  token: headerSecret("The token."),
});

const basic = z.strictObject({
  scheme: z.literal("basic").meta({ description: "User name and password (RFC 7617)." }),
  username: z
    .string()
    .regex(/^[^:]*$/, { error: "cannot have a colon in it (RFC 7617)" })
    .meta({ description: "User name." }),
  password: secret("Password."),
});

const oauth2 = z.strictObject({
  scheme: z.literal("oauth2").meta({ description: "A token from a token endpoint, renewed by itself (RFC 6749)." }),
  grant: z.enum(["client_credentials"]).default("client_credentials").meta({ description: "How the token is got." }),
  tokenURL: z
    .url({ protocol: /^https?$/, error: "expected an http or https URL" })
    .meta({ description: "The token endpoint.", examples: ["https://login.example.com/oauth/token"] }),
  clientId: z.string().min(1).meta({ description: "The client's name at the token endpoint." }),
  clientSecret: secret("The client's secret."),
  clientAuth: z.enum(["basic", "post"]).default("basic").meta({
    description: "Where the client's name and secret stand: in the Authorization header, or in the form.",
  }),
  scope: z.string().optional().meta({ description: "What the token shall allow, words with spaces between." }),
  parameters: z
    .record(z.string(), z.string())
    .default({})
    .meta({
      description: "Further fields of the token request.",
      examples: [{ audience: "https://api.example.com" }],
    }),
  renewAhead: duration(
    "How long before its end a token is renewed; at most a tenth of its life, so that short ones are used at all.",
  ).default(60_000),
  renewOn: renewOnField,
});

const custom = z.strictObject({
  scheme: z.literal("custom").meta({ description: "A token from a function, in code only." }),
  token: z
    .custom<TokenFunction>((value) => typeof value === "function", { error: "expected a function" })
    .meta({ description: "Answers with `{ token, expiresAt? }`.", codeOnly: true }),
  renewOn: renewOnField,
});

export const authField = z
  .discriminatedUnion("scheme", [none, apiKey, bearer, basic, oauth2, custom])
  .meta({ description: "How the connector proves who it is. Instead of `apiKey`." });

/** How a connector proves who it is, as parsed. */
export type Auth = z.output<typeof authField>;
export type OAuth2 = Extract<Auth, { scheme: "oauth2" }>;
