import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { watchResources, type ResourceWatch } from "./left-resources.ts";
import { becomesTrue } from "./services/wait.ts";

let server: Server;
let watch: ResourceWatch | undefined;
const sockets: Socket[] = [];

beforeEach(async () => {
  // Unreferenced, what it accepts does not count.
  server = createServer((socket) => void socket.unref().resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(() => {
  watch?.stop();
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

async function dial(): Promise<Socket> {
  const { port } = server.address() as { port: number };
  const socket = connect({ host: "127.0.0.1", port });
  sockets.push(socket);
  await once(socket, "connect");
  return socket;
}

/** What is left in the end, after whatever goes by itself has gone. */
async function leftOf(each: ResourceWatch, expected: readonly string[]): Promise<string[]> {
  let left: string[] = [];
  const isAsExpected = async (): Promise<boolean> => (left = await each.left()).join() === expected.join();
  await becomesTrue(isAsExpected, { timeoutMs: 1_000 });
  return left;
}

test("a socket that stays is told although an older one has ended meanwhile", async () => {
  const older = await dial();
  watch = watchResources();
  await dial();
  older.destroy();
  await once(older, "close");
  expect(await leftOf(watch, ["1 TCPSocketWrap"])).toEqual(["1 TCPSocketWrap"]);
});

test("a timer that stays is told although an older one has ended meanwhile", async () => {
  const older = setTimeout(() => {}, 60_000);
  watch = watchResources();
  const newer = setTimeout(() => {}, 60_000);
  clearTimeout(older);
  expect(await leftOf(watch, ["1 Timeout"])).toEqual(["1 Timeout"]);
  clearTimeout(newer);
  expect(await leftOf(watch, [])).toEqual([]);
});

test("a listener that stays is told", async () => {
  watch = watchResources();
  const another = createServer().listen(0, "127.0.0.1");
  await once(another, "listening");
  expect(await leftOf(watch, ["1 TCPServerWrap"])).toEqual(["1 TCPServerWrap"]);
  another.close();
  expect(await leftOf(watch, [])).toEqual([]);
});

test("what was there before, what has ended and what keeps nothing alive is not told", async () => {
  await dial();
  watch = watchResources();
  (await dial()).destroy();
  (await dial()).unref();
  setTimeout(() => {}, 60_000).unref();
  expect(await leftOf(watch, [])).toEqual([]);
});
