/** The system behind the example: a small geocoding service on this machine, which is overloaded at every third request. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export const API_KEY = "example-key-9d41";

const PLACES: Readonly<Record<string, { readonly lat: number; readonly lon: number }>> = {
  "12 St James's Square, London": { lat: 51.5074, lon: -0.1357 },
  "Grace-Hopper-Straße 1, Berlin": { lat: 52.5219, lon: 13.4132 },
};

export interface GeocoderService extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Requests for a place that arrived. */
  readonly requests: number;
}

export async function startGeocoderService(): Promise<GeocoderService> {
  let requests = 0;
  const server = createServer((request, response) => {
    const reply = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    };
    const url = new URL(request.url ?? "/", "http://localhost");
    if (request.headers.authorization !== `Bearer ${API_KEY}`) return reply(401, { error: "unknown key" });
    if (url.pathname === "/status") return reply(200, { status: "ok" });
    if (++requests % 3 === 0) return reply(503, { error: "overloaded" });
    const place = PLACES[url.searchParams.get("address") ?? ""];
    return place === undefined ? reply(404, { error: "no such address" }) : reply(200, place);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    get requests() {
      return requests;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
