/** Where the REST connector runs for real: the testkit's own service, plain and behind TLS. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HTTPContext } from "../../contracts/http/behaviour.ts";
import type { RunningTarget, Target } from "../../testkit/behaviour.ts";
import { startRestService, type RestServiceOptions } from "../../testkit/rest-service/rest-service.ts";
import { makeTestCertificates } from "../../testkit/services/tls.ts";
import { RESTAPIConnector } from "./index.ts";

type Settings = Omit<ConstructorParameters<typeof RESTAPIConnector>[0], "baseURL">;

async function run(options: RestServiceOptions, settings: Settings): Promise<RunningTarget<HTTPContext>> {
  const service = await startRestService(options);
  const api = new RESTAPIConnector({ baseURL: service.url, timeout: 10_000, retry: { delay: 5 }, ...settings });
  await api.connect();
  return {
    ctx: { api, service },
    async stop() {
      await api.disconnect();
      await service.close();
    },
  };
}

export const targets: readonly Target<HTTPContext>[] = [
  { name: "embedded", lacks: {}, start: () => run({}, {}) },
  {
    name: "embedded, TLS",
    lacks: {},
    start: async (): Promise<RunningTarget<HTTPContext>> => {
      const dir = await mkdtemp(join(tmpdir(), "busbar-rest-"));
      try {
        const { ca, server, client } = await makeTestCertificates(dir);
        const tls = { cert: server.cert, key: server.key, ca: ca.cert };
        return await run({ tls }, { tls: { ca: ca.cert, cert: client.cert, key: client.key } });
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
  },
];
