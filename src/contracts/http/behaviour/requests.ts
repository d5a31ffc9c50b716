/** What is asked: operations, and how their parameters are written. */
import assert from "node:assert/strict";
import { type Case, echo, errorOf } from "./context.ts";

export const resources: readonly Case[] = [
  {
    name: "creates, reads, replaces, changes and removes a resource",
    run: async ({ api }) => {
      const made = (await api.execute("post", { path: "/items", data: { name: "Ada", born: 1815 } })) as { id: number };
      const path = `/items/${made.id}`;
      assert.deepEqual(await api.execute("get", { path }), { id: made.id, name: "Ada", born: 1815 });
      assert.deepEqual(await api.execute("put", { path, data: { name: "Grace" } }), { id: made.id, name: "Grace" });
      assert.deepEqual(await api.execute("patch", { path, data: { born: 1906 } }), {
        ...{ id: made.id, name: "Grace", born: 1906 },
      });
      assert.equal(await api.execute("delete", { path }), null);
      assert.equal((await errorOf(api.execute("get", { path }))).kind, "not_found");
    },
  },
  {
    name: "answers a head with the headers, and with no body",
    run: async ({ api }) => {
      const { id } = (await api.execute("post", { path: "/items", data: {} })) as { id: number };
      const headers = await api.execute("head", { path: `/items/${id}` });
      assert.equal(headers["content-type"], "application/json");
      assert.match(String(headers["etag"]), /^"/);
    },
  },
  {
    name: "sends a request with any method",
    run: async ({ api }) => {
      assert.equal(echo(await api.execute("request", { method: "options", path: "/echo" })).method, "OPTIONS");
      const purged = echo(await api.execute("request", { method: "PURGE", path: "/echo", data: [1] }));
      assert.deepEqual([purged.method, purged.body], ["PURGE", "[1]"]);
    },
  },
  {
    name: "tells status and headers beside the answer",
    run: async ({ api }) => {
      const { data, meta } = await api.call("post", { path: "/items", data: { name: "Ada" } });
      assert.equal(meta.status, 201);
      assert.equal(meta.headers?.["location"], `/items/${(data as { id: number }).id}`);
      assert.equal(meta.attempts, 1);
    },
  },
];

export const requests: readonly Case[] = [
  {
    name: "encodes paths and query parameters",
    run: async ({ api }) => {
      const query = { q: "a&b=c é", tag: ["x", 2], all: true, none: null };
      const seen = echo(await api.execute("get", { path: "/echo/Zoë Grün", query }));
      assert.equal(seen.path, "/echo/Zo%C3%AB%20Gr%C3%BCn");
      assert.deepEqual(seen.query, [["q", "a&b=c é"], ["tag", "x"], ["tag", "2"], ["all", "true"]]); // prettier-ignore
    },
  },
  {
    name: "writes data as JSON, text, form or bytes",
    run: async ({ api }) => {
      const send = async (
        data: unknown,
        bodyType?: "json" | "form",
      ): Promise<readonly [string | undefined, string]> => {
        const { headers, body } = echo(await api.execute("post", { path: "/echo", data, bodyType }));
        return [headers["content-type"], body];
      };
      assert.deepEqual(await send({ a: [1, null, "ü"] }), ["application/json", '{"a":[1,null,"ü"]}']);
      assert.deepEqual(await send("plain ü"), ["text/plain; charset=utf-8", "plain ü"]);
      assert.deepEqual(await send("quoted", "json"), ["application/json", '"quoted"']);
      assert.deepEqual(await send({ a: 1, b: ["x", "y z"] }, "form"), [
        "application/x-www-form-urlencoded",
        "a=1&b=x&b=y+z",
      ]);
      assert.deepEqual(await send(new Uint8Array([65, 66])), ["application/octet-stream", "AB"]);
      assert.deepEqual(await send(undefined), [undefined, ""]);
    },
  },
  {
    name: "lets a call's own headers win",
    run: async ({ api }) => {
      const headers = { "Content-Type": "application/vnd.api+json", Accept: "text/csv", "X-Own": "yes" };
      const seen = echo(await api.execute("post", { path: "/echo", data: {}, headers }));
      assert.equal(seen.headers["content-type"], "application/vnd.api+json");
      assert.equal(seen.headers["accept"], "text/csv");
      assert.equal(seen.headers["x-own"], "yes");
    },
  },
  {
    name: "refuses paths that leave the base URL, and headers that would be two",
    run: async ({ api, service }) => {
      const before = service.requests.length;
      for (const path of ["https://example.com/", "//example.com/", "/../x", "/%2e%2e/x", "/a\r\nb"])
        assert.equal((await errorOf(api.execute("get", { path }))).kind, "input_invalid");
      for (const headers of [{ "X-A": "a\r\nX-B: b" }, { "X-A\r\n": "a" }, { "Content-Length": "0" }] as const)
        assert.equal(
          (await errorOf(api.execute("get", { path: "/echo", headers: { ...headers } }))).kind,
          "input_invalid",
        );
      assert.equal(service.requests.length, before);
    },
  },
];
