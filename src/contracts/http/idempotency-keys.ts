/**
 * The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header): a key by which an API knows a request again.
 *
 * The draft writes the key as a quoted string, the APIs that there are (Stripe, Adyen, PayPal, …) take it as it stands;
 * so that is the default, and `quoted` is for an API that keeps to the draft.
 */
import { z } from "zod";
import { ConnectorError } from "../../core/errors.ts";
import { headerProblem } from "./header-fields.ts";

const LONGEST_KEY = 255;

/** `idempotencyKeys` among the options of an HTTP connector. */
export const idempotencyKeysField = z
  .union(
    [
      z.boolean(),
      z.strictObject({
        header: z
          .string()
          .refine((name) => headerProblem(name, "") === undefined, { error: "expected the name of a header" })
          .default("Idempotency-Key")
          .meta({ description: "The header that carries the key." }),
        quoted: z.boolean().default(false).meta({
          description: "Writes the key in double quotes, as the IETF's draft has it; most APIs take it without.",
        }),
      }),
    ],
    { error: "expected true, false or a map" },
  )
  .default(false)
  .meta({
    description:
      "Says that the API carries out a POST or PATCH once however often it comes with the same `Idempotency-Key` header: " +
      "each gets a key, the caller's or one of its own, and is then repeated like any other request.",
    examples: [true, { header: "X-Request-Id" }],
  });

export interface KeyHeader {
  readonly header: string;
  readonly quoted: boolean;
}

/** Where the setting has the key go; `undefined` where the API honours none. */
export function keyHeaderOf(setting: z.output<typeof idempotencyKeysField>): KeyHeader | undefined {
  if (setting === false) return undefined;
  return setting === true ? { header: "Idempotency-Key", quoted: false } : setting;
}

/** The header's value. Throws `input_invalid` for a key that a header cannot carry. */
export function keyHeaderValue(key: string, { quoted }: KeyHeader): string {
  if (key.length > LONGEST_KEY || !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(key))
    throw new ConnectorError(
      "input_invalid",
      `Invalid idempotencyKey: expected at most ${LONGEST_KEY} characters of ASCII, without spaces around them`,
      { outcome: "none" },
    );
  return quoted ? `"${key.replace(/["\\]/g, "\\$&")}"` : key;
}

/** A key in a header of the call would be another than the one that all its tries share. */
export function keyGivenTwice({ header }: KeyHeader): ConnectorError {
  return new ConnectorError("input_invalid", `The header "${header}" is set by the connector`, {
    outcome: "none",
    hint: "Give the key as `idempotencyKey` among the options of the call.",
  });
}

/** The other host would get the request without its key, and carry it out as often as it comes. */
export function keyWouldBeLost(): ConnectorError {
  return new ConnectorError(
    "unsupported",
    "A redirect of a request with an idempotency key to another origin is not followed",
  );
}
