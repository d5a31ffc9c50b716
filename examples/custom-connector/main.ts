/** Uses the custom connector through a hub, as any other. In YAML: `provider: ./geocoder.ts`, or the name of a package. */
import assert from "node:assert/strict";
import { ConnectorError, openHub } from "busbar";
import { GeocoderConnector } from "./geocoder.ts";
import { API_KEY, startGeocoderService } from "./geocoder-service.ts";

await using service = await startGeocoderService();
await using hub = await openHub({
  connectors: [
    {
      name: "places",
      type: "custom",
      provider: GeocoderConnector,
      connection: { baseURL: service.url, apiKey: API_KEY },
      options: { language: "de", timeout: "5s", retry: { delay: "10ms" } },
    },
  ],
});

const places = hub.get("places", GeocoderConnector);
console.log("health   ", (await places.healthCheck()).status);

for (const address of ["12 St James's Square, London", "Grace-Hopper-Straße 1, Berlin"]) {
  const { lat, lon } = await places.locate({ address });
  console.log("found    ", `${address}: ${lat}, ${lon}`);
}

// The third request meets an overloaded service; the connector's `classify` said that this passes, so it was repeated.
const { data, meta } = await places.call("locate", { address: "12 St James's Square, London" });
assert.deepEqual(data, { lat: 51.5074, lon: -0.1357 });
assert.equal(meta.attempts, 2);
console.log("retried  ", `answered at try ${meta.attempts}`);

// An address that does not exist is nothing to repeat.
const before = service.requests;
const failure = await places.locate({ address: "Nowhere 0" }).catch((error: unknown) => error);
assert(failure instanceof ConnectorError);
assert.equal(failure.kind, "not_found");
assert.equal(service.requests, before + 1);
console.log("refused  ", failure.message);

const settings = JSON.stringify(hub.describe().map((entry) => entry.settings));
assert(!settings.includes(API_KEY), "the key must not be printed");
