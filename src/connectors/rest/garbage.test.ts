import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { ConnectorError } from "../../core/errors.ts";
import { RESTAPIConnector } from "./index.ts";

/** A server that answers every request with the bytes of the moment, and hangs up. */
let bytes: Uint8Array = Buffer.alloc(0);
const server = createServer((socket: Socket) => {
  socket.on("error", () => {});
  socket.once("data", () => socket.end(bytes));
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
afterAll(() => void server.close());

const api = new RESTAPIConnector({
  baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  retryAttempts: 1,
  timeout: 2_000,
  maxResponseBytes: 1_000,
});
await api.connect();
afterAll(() => api.disconnect());

const ask = async (answer: string | Uint8Array) => {
  bytes = Buffer.from(answer as string, "latin1");
  return api.get({ path: "/" }).catch((error: unknown) => error);
};

test.each([
  ["nothing", "", "connection_lost"],
  ["half a status line", "HTTP/1.", "connection_lost"],
  ["half the headers", "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n", "connection_lost"],
  ["fewer bytes than announced", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}", "connection_lost"],
  ["a chunk that breaks off", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab", "connection_lost"],
  ["a chunk without a length", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab", "unavailable"],
  ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n", "unavailable"],
  ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", "connection_lost"],
  ["a status that is none", "HTTP/1.1 000 X\r\ncontent-length: 0\r\n\r\n", "unavailable"],
  ["a negative length", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nab", "unavailable"],
  ["a header that never ends", `HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}\r\n\r\n`, "too_large"],
  [
    "another protocol's upgrade",
    "HTTP/1.1 101 Switching\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
    "connection_lost",
  ],
  ["an early hint and then nothing", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", "connection_lost"],
  ["a status of no class", "HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n", "unavailable"],
])("%s is an error of known kind", async (_, answer, kind) => {
  expect(await ask(answer)).toMatchObject({ kind });
});

test("an early hint is passed over", async () => {
  const hint = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
  expect(await ask(`${hint}HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok`)).toBe("ok");
});

test("an answer without a length ends with its connection", async () => {
  expect(await ask("HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nall of it")).toBe("all of it");
});

test("no bytes make anything but data or an error of known kind", async () => {
  const line = fc.constantFrom(
    "HTTP/1.1 200 OK",
    "HTTP/1.1 204 No",
    "HTTP/1.1 302 F",
    "HTTP/1.1 500 E",
    "HTTP/2 200",
    "\0",
  );
  const header = fc.constantFrom(
    ...["content-type: application/json", "content-encoding: gzip", "content-length: 5", "transfer-encoding: chunked"],
    ...[
      "location: //x\\y",
      "location: \xff",
      "retry-after: 1e9",
      "connection: close",
      "content-length: 0x5",
      "x",
      ": ",
      "date: x",
    ],
    ...["www-authenticate: Bearer error=", "__proto__: x", "content-type: ;;charset"],
  );
  const answer = fc
    .tuple(line, fc.array(header, { maxLength: 6 }), fc.string({ unit: "binary", maxLength: 40 }))
    .map(([first, headers, body]) => `${[first, ...headers].join("\r\n")}\r\n\r\n${body}`);
  await fc.assert(
    fc.asyncProperty(answer, async (text) => {
      const result = await ask(text);
      return !(result instanceof Error) || (result instanceof ConnectorError && result.kind !== "internal");
    }),
    { numRuns: 300 },
  );
});
