/** What is done once and what more often, and how calls end. */
import assert from "node:assert/strict";
import { problem } from "../../../testkit/rest-service/answer.ts";
import { type Case, echo, errorOf, ownPath } from "./context.ts";

export const repeats: readonly Case[] = [
  {
    name: "repeats what HTTP allows to repeat, after a failure that leaves the effect open",
    run: async ({ api, service }) => {
      for (const [operation, method] of [
        ["get", "GET"],
        ["put", "PUT"],
        ["delete", "DELETE"],
      ] as const) {
        // prettier-ignore
        const { path, count } = ownPath(service);
        service.answers.set(path, ({ method: seen }) =>
          count() === 1 ? (_response, socket) => socket.resetAndDestroy() : { status: 200, body: seen },
        );
        const { meta } = await api.call(operation, { path });
        assert.equal(meta.attempts, 2, method);
        assert.equal(count(), 2, method);
      }
    },
  },
  {
    name: "never repeats a POST or PATCH whose effect is open, and says so",
    run: async ({ api, service }) => {
      for (const operation of ["post", "patch"] as const)
        for (const fault of ["reset", "503"] as const) {
          const { path, count } = ownPath(service);
          service.answers.set(path, () =>
            fault === "503" ? problem(503, "Not now") : (_response, socket) => socket.resetAndDestroy(),
          );
          const error = await errorOf(api.execute(operation, { path, data: {} }));
          assert.equal(error.kind, fault === "503" ? "unavailable" : "connection_lost");
          assert.equal(error.outcome, "unknown");
          assert.equal(count(), 1);
        }
    },
  },
  {
    name: "repeats a POST that was refused for its rate, as late as the API asks for",
    run: async ({ api, service }) => {
      const { path, count } = ownPath(service);
      service.answers.set(path, () =>
        count() === 1 ? problem(429, "Slow", { "retry-after": "0" }) : problem(201, "ok"),
      );
      const { meta } = await api.call("post", { path, data: {} });
      assert.equal(meta.attempts, 2);
      assert.equal(count(), 2);
    },
  },
  {
    name: "repeats a request of method GET as a read, and one of method POST not at all",
    run: async ({ api, service }) => {
      for (const [method, tries] of [
        ["GET", 2],
        ["PUT", 2],
        ["POST", 1],
      ] as const) {
        // prettier-ignore
        const { path, count } = ownPath(service);
        service.answers.set(path, () => (count() === 1 ? problem(503, "Not now") : { status: 204 }));
        await api.execute("request", { method, path }).catch(() => {});
        assert.equal(count(), tries, method);
      }
    },
  },
];

export const ends: readonly Case[] = [
  {
    name: "ends a call that is aborted, or takes too long, while the API does not answer",
    run: async ({ api, service }) => {
      const abort = new AbortController();
      const asked = service.log.of("/slow").length;
      const aborted = errorOf(api.execute("get", { path: "/slow" }, { signal: abort.signal }));
      await service.log.until(asked + 1, "/slow");
      abort.abort();
      assert.equal((await aborted).kind, "cancelled");
      const late = await errorOf(api.execute("post", { path: "/slow", data: {} }, { timeout: 30 }));
      assert.equal(late.kind, "timeout");
      assert.equal(late.outcome, "unknown");
    },
  },
  {
    name: "tells whether the API is well",
    run: async ({ api, service }) => {
      const health = await api.healthCheck();
      assert.equal(health.status, "healthy");
      assert.equal(typeof health.responseTime, "number");
      service.healthStatus = 503;
      const ill = await api.healthCheck();
      service.healthStatus = 200;
      assert.equal(ill.status, "unhealthy");
    },
  },
  {
    name: "carries many calls at a time",
    run: async ({ api }) => {
      const numbers = Array.from({ length: 200 }, (_, n) => n);
      const seen = await Promise.all(numbers.map((n) => api.execute("get", { path: "/echo", query: { n } })));
      assert.deepEqual(seen.map((data) => Number(echo(data).query[0]?.[1])), numbers); // prettier-ignore
    },
  },
];
