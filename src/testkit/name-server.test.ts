import dns from "node:dns";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { startNameServer, type NameServer } from "./name-server.ts";

const open: NameServer[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.close())));

async function started(answer: NameServer["answer"]): Promise<NameServer> {
  const server = await startNameServer(answer);
  open.push(server);
  return server;
}

/** As sockets look a host up. */
const lookup = (name: string, options: dns.LookupOptions = {}): Promise<unknown> =>
  new Promise((resolve, reject) =>
    dns.lookup(name, options, (error, address, family) => (error ? reject(error) : resolve([address, family]))),
  );

test("names of its zone are answered by it, as one address or as all", async () => {
  const server = await started("127.0.0.1");
  expect(await lookup(server.name)).toEqual(["127.0.0.1", 4]);
  expect(await lookup(server.name, { all: true })).toEqual([[{ address: "127.0.0.1", family: 4 }], undefined]);
  expect(server.asked).toBe(2);
});

test("other names are not", async () => {
  const server = await started("unknown");
  expect(await lookup("localhost", { family: 4 })).toEqual(["127.0.0.1", 4]);
  expect(await promisify(dns.lookup)("127.0.0.1")).toEqual({ address: "127.0.0.1", family: 4 });
  expect(server.asked).toBe(0);
});

test("failures are those of the operating system, and heal", async () => {
  const server = await started("unknown");
  const { name } = server;
  await expect(lookup(name)).rejects.toMatchObject({ code: "ENOTFOUND", syscall: "getaddrinfo", hostname: name });
  server.answer = "failure";
  await expect(lookup(name)).rejects.toMatchObject({ code: "EAI_AGAIN" });
  server.answer = "127.0.0.1";
  expect(await lookup(name)).toEqual(["127.0.0.1", 4]);
});

test("a question that got no answer is asked again, and answered when the server speaks again", async () => {
  const server = await started("silence");
  const asking = lookup(server.name);
  await expect.poll(() => server.asked).toBeGreaterThan(1);
  server.answer = "127.0.0.1";
  expect(await asking).toEqual(["127.0.0.1", 4]);
});

test("closed, in whatever order, they leave Node's own resolver", async () => {
  const before = dns.lookup;
  const [one, two] = [await started("unknown"), await started("unknown")];
  await one.close();
  await expect(lookup(two.name)).rejects.toMatchObject({ code: "ENOTFOUND" });
  await two.close();
  await two.close();
  expect(dns.lookup).toBe(before);
});
