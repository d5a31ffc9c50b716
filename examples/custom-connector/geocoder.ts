/**
 * A connector for a system that busbar does not know, whole: what it is, what it can do, how it is asked, and what its
 * errors mean. Retries, time-outs, rate limits, records, validation and typed methods come by themselves.
 */
import { type Classification, classifySocketError, defineConnector, read, secret } from "busbar";
import { z } from "zod";

const Place = z.object({ lat: z.number(), lon: z.number() });

export const GeocoderConnector = defineConnector({
  provider: "geocoder",
  type: "custom",
  title: "Geocoder",
  summary: "Turns addresses into coordinates.",
  connection: z.strictObject({
    baseURL: z.url().meta({ description: "Where the service is." }),
    apiKey: secret("API key."),
  }),
  options: z.strictObject({
    language: z.string().default("en").meta({ description: "Language of the addresses." }),
  }),
  operations: {
    locate: read("Finds an address.", z.strictObject({ address: z.string().min(1) }), Place, {
      examples: [{ title: "A house in London", input: { address: "12 St James's Square, London" } }],
    }),
  },

  async open({ connection, options }) {
    const headers = { authorization: `Bearer ${connection.apiKey.reveal()}`, "accept-language": options.language };
    const get = async (path: string, signal: AbortSignal): Promise<unknown> => {
      // The signal ends the request when the caller gives up or the time is over.
      const response = await fetch(new URL(path, connection.baseURL), { headers, signal });
      if (!response.ok) throw new Refusal(response);
      return response.json();
    };
    return {
      handlers: {
        locate: async ({ address }, call) =>
          Place.parse(await get(`/locate?address=${encodeURIComponent(address)}`, call.signal)),
      },
      ping: async (signal) => void (await get("/status", signal)),
      close: async () => {},
    };
  },

  // Retries, exit codes and HTTP statuses derive from the kind; what is not known here is reported as `internal`.
  classify: (error) => (error instanceof Refusal ? error.classification : classifySocketError(error)),
});

export default GeocoderConnector;

/** The service's answer when it does not answer the question. */
class Refusal extends Error {
  readonly classification: Classification;

  constructor({ status, headers }: Response) {
    super(`The geocoder answered with status ${status}`);
    const retryAfterMs = Number(headers.get("retry-after") ?? 0) * 1000 || undefined;
    this.classification = { kind: kindOf(status), status, retryAfterMs };
  }
}

function kindOf(status: number): "unauthenticated" | "not_found" | "rate_limited" | "unavailable" | "internal" {
  if (status === 401) return "unauthenticated";
  if (status === 404) return "not_found";
  if (status === 429) return "rate_limited";
  return status >= 500 ? "unavailable" : "internal";
}
