/** Query parameters: a list is the same name several times, null and undefined are left out. */
import { z } from "zod";

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const value = z.union([scalar, z.array(scalar)], {
  error: "expected text, a number, true, false, null or a list of these",
});

export const queryField = z.record(z.string(), value.optional());

export type Query = z.output<typeof queryField>;

/** `name=value&…`, percent-encoded as UTF-8. Throws a `URIError` where a text is not Unicode. */
export function encodeQuery(query: Query): string {
  const pairs: string[] = [];
  for (const [name, given] of Object.entries(query))
    for (const one of Array.isArray(given) ? given : [given])
      if (one !== undefined && one !== null) pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(one)}`);
  return pairs.join("&");
}
