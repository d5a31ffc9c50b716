/** How a connector of one's own is tested: its real system (or a small one like it), and faults made by the testkit's proxy. */
import { ConnectorError } from "busbar";
import { type FaultProxy, startFaultProxy } from "busbar/testkit";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { GeocoderConnector } from "./geocoder.ts";
import { API_KEY, type GeocoderService, startGeocoderService } from "./geocoder-service.ts";

let service: GeocoderService;
let proxy: FaultProxy;
let places: InstanceType<typeof GeocoderConnector>;

const address = "12 St James's Square, London";

beforeAll(async () => {
  service = await startGeocoderService();
  proxy = await startFaultProxy({ targetHost: "127.0.0.1", targetPort: service.port });
  const baseURL = `http://127.0.0.1:${proxy.port}`;
  places = new GeocoderConnector({ baseURL, apiKey: API_KEY, attemptTimeout: 200, retry: { delay: 1 } });
  await places.connect();
});
afterAll(async () => {
  await places.disconnect();
  await proxy.close();
  await service[Symbol.asyncDispose]();
});
beforeEach(() => proxy.heal());

test("finds an address, whatever the service is busy with", async () => {
  for (let i = 0; i < 6; i++) expect(await places.locate({ address })).toEqual({ lat: 51.5074, lon: -0.1357 });
});

test("says what is wrong with the input before it asks", async () => {
  const before = service.requests;
  await expect(places.locate({ address: "" })).rejects.toMatchObject({ kind: "input_invalid" });
  expect(service.requests).toBe(before);
});

test("a wrong key is reported and not repeated", async () => {
  const stranger = new GeocoderConnector({ baseURL: service.url, apiKey: "wrong-key" });
  await stranger.connect();
  const error = await stranger.locate({ address }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConnectorError);
  expect(error).toMatchObject({ kind: "unauthenticated", attempts: 1 });
  expect(String(error)).not.toContain("wrong-key");
  await stranger.disconnect();
});

test("a network that swallows everything fails within the time-outs, and the next call works", async () => {
  proxy.blackhole = "both";
  await expect(places.locate({ address })).rejects.toMatchObject({ kind: "timeout", attempts: 3 });
  proxy.cut();
  await proxy.heal();
  expect(await places.locate({ address })).toEqual({ lat: 51.5074, lon: -0.1357 });
});
