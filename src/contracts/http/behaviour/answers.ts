/** What becomes of answers: data, errors, redirects. */
import assert from "node:assert/strict";
import { type Case, echo, errorOf, ownPath } from "./context.ts";

export const answers: readonly Case[] = [
  {
    name: "parses JSON, leaves text as text and everything else as bytes",
    run: async ({ api, service }) => {
      const { path } = ownPath(service);
      const answer = async (type: string | undefined, body: string | Uint8Array): Promise<unknown> => {
        const headers = type === undefined ? {} : { "content-type": type };
        service.answers.set(path, () => ({ status: 200, headers, body }));
        return api.execute("get", { path });
      };
      assert.deepEqual(await answer("application/problem+json", '\ufeff{"a":1}'), { a: 1 });
      assert.equal(await answer("text/csv", "a,b"), "a,b");
      assert.equal(await answer("text/plain; charset=iso-8859-1", Buffer.from([0x5a, 0xeb])), "Zë");
      assert.deepEqual(await answer("image/png", Buffer.from([1, 2])), new Uint8Array([1, 2]));
      assert.deepEqual(await answer(undefined, Buffer.from([1, 2])), new Uint8Array([1, 2]));
      assert.equal(await answer("application/json", ""), null);
    },
  },
  {
    name: "decompresses",
    run: async ({ api }) => {
      for (const coding of ["gzip", "br", "deflate", "raw-deflate"]) {
        const data = (await api.execute("get", { path: "/encoded", query: { coding } })) as { coding: string };
        assert.equal(data.coding, coding);
      }
    },
  },
  {
    name: "fails with unavailable where an answer is not the JSON it claims to be, and does not quote it",
    run: async ({ api }) => {
      const error = await errorOf(api.execute("post", { path: "/garbage", data: {} }));
      assert.equal(error.kind, "unavailable");
      assert.equal(error.outcome, "unknown");
      assert.doesNotMatch(error.message, /half/);
    },
  },
  {
    name: "fails with too_large where an answer is, compressed or not",
    run: async ({ api }) => {
      for (const path of ["/large?bytes=12000000", "/large?bytes=12000000&chunked", "/gzip-bomb?bytes=12000000"])
        assert.equal((await errorOf(api.execute("get", { path }))).kind, "too_large");
    },
  },
  {
    name: "maps statuses to kinds and says method, path and status, never the query or the answer's values",
    run: async ({ api, service }) => {
      const kinds = {
        400: "input_invalid",
        401: "unauthenticated",
        403: "permission_denied",
        404: "not_found",
      } as const;
      const more = { 405: "unsupported", 409: "conflict", 413: "too_large", 422: "input_invalid" } as const;
      for (const [status, kind] of Object.entries({ ...kinds, ...more })) {
        const { path, count } = ownPath(service);
        const headers = { "content-type": "application/json" };
        service.answers.set(path, () => ({ status: Number(status), headers, body: '{"message":"canary"}' }));
        const error = await errorOf(api.execute("put", { path, query: { q: "canary" }, data: { q: "canary" } }));
        assert.equal(error.kind, kind);
        assert.equal(error.status, Number(status));
        assert.equal(error.outcome, "none");
        assert.match(error.message, new RegExp(`^PUT ${path} answered ${status} `));
        assert.doesNotMatch(error.message, /canary/);
        assert.equal(count(), 1);
      }
    },
  },
  {
    name: "follows redirects",
    run: async ({ api }) => {
      const there = echo(await api.execute("get", { path: "/redirect", query: { to: "/echo/there" } }));
      assert.equal(there.path, "/echo/there");
      const seen = await api.execute("post", {
        path: "/redirect",
        query: { to: "/echo", status: 303 },
        data: { a: 1 },
      });
      assert.deepEqual([echo(seen).method, echo(seen).body], ["GET", ""]);
      const kept = await api.execute("post", {
        path: "/redirect",
        query: { to: "/echo", status: 307 },
        data: { a: 1 },
      });
      assert.deepEqual([echo(kept).method, echo(kept).body], ["POST", '{"a":1}']);
      assert.equal((await errorOf(api.execute("get", { path: "/loop" }))).kind, "unsupported");
    },
  },
];
