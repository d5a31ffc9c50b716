import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { frozenListener } from "./frozen-listener.ts";
import { watchResources } from "./left-resources.ts";
import { becomesTrue, pauseFor } from "./services/wait.ts";

/** A server that says everything back, and remembers how its connections ended. */
class Echo {
  readonly server: Server;
  readonly sockets: Socket[] = [];
  readonly endings: string[] = [];

  constructor() {
    this.server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on("data", (bytes) => socket.write(bytes));
      socket.on("end", () => this.endings.push("end"));
      socket.on("error", (error: NodeJS.ErrnoException) => this.endings.push(error.code ?? ""));
    });
  }
}

let echo: Echo;
let proxy: FaultProxy;

beforeEach(async () => {
  echo = new Echo();
  echo.server.listen(0, "127.0.0.1");
  await once(echo.server, "listening");
  const { port } = echo.server.address() as { port: number };
  proxy = await startFaultProxy({ targetHost: "127.0.0.1", targetPort: port });
});
afterEach(async () => {
  await proxy.close();
  for (const socket of echo.sockets) socket.destroy();
  echo.server.close();
});

/** A client that keeps what it has received and how it ended. */
class Client {
  readonly socket: Socket;
  received = "";
  ending = "";

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => (this.received += bytes.toString()));
    socket.on("end", () => (this.ending ||= "end"));
    socket.on("error", (error: NodeJS.ErrnoException) => (this.ending ||= error.code ?? ""));
  }

  /** How long it took until all this had come back. */
  async says(text: string): Promise<number> {
    const before = performance.now();
    const whole = this.received + text;
    this.socket.write(text);
    await becomesTrue(() => this.received === whole || this.ending !== "", { timeoutMs: 3000 });
    expect(this.received).toBe(whole);
    return performance.now() - before;
  }

  async ends(): Promise<string> {
    await eventually(() => this.ending !== "");
    return this.ending;
  }
}

async function eventually(isTrue: () => boolean): Promise<void> {
  expect(await becomesTrue(isTrue, { timeoutMs: 10_000 }), String(isTrue)).toBe(true);
}

async function dial(): Promise<Client> {
  const client = new Client(connect({ host: proxy.host, port: proxy.port }));
  await once(client.socket, "connect");
  return client;
}

describe("a fault proxy", () => {
  it("without faults passes bytes and ends both ways, and counts connections", async () => {
    const [one, two] = [await dial(), await dial()];
    await one.says("ada");
    await two.says("x".repeat(3_000_000));
    expect([proxy.accepted, proxy.open]).toEqual([2, 2]);
    one.socket.end();
    expect(await one.ends()).toBe("end");
    expect(echo.endings).toEqual(["end"]);
    await eventually(() => proxy.open === 1);
    expect([proxy.accepted, proxy.open]).toEqual([2, 1]);
    two.socket.destroy();
  });

  it("delays each direction by its latency, and no longer once healed", async () => {
    const client = await dial();
    proxy.latencyUpMs = 60;
    proxy.latencyDownMs = 40;
    const slowMs = await client.says("slow");
    expect(slowMs).toBeGreaterThanOrEqual(99);
    expect(slowMs).toBeLessThan(10_000);
    proxy.latencyUpMs = 60_000;
    const late = client.says("late");
    await proxy.heal();
    expect(await late).toBeLessThan(10_000);
    client.socket.destroy();
  });

  it("lets bytes through at a rate, and the rest at once when healed", async () => {
    const client = await dial();
    proxy.rateBytesPerSec = 50_000;
    expect(await client.says("x".repeat(10_000))).toBeGreaterThan(190);
    proxy.rateBytesPerSec = 1;
    const rest = client.says("y".repeat(10_000));
    await pauseFor(10);
    await proxy.heal();
    expect(await rest).toBeLessThan(10_000);
    client.socket.destroy();
  });

  it.for(["up", "down", "both"] as const)(
    "holds bytes in a black hole (%s) and delivers them when healed",
    async (way) => {
      const client = await dial();
      await client.says("before ");
      proxy.blackhole = way;
      client.socket.write("after");
      await pauseFor(20);
      expect(client.received).toBe("before ");
      expect(client.ending).toBe("");
      await proxy.heal();
      await eventually(() => client.received === "before after");
      expect(client.received).toBe("before after");
      client.socket.destroy();
    },
  );

  it("hides the end of a client from the server while it is in a black hole", async () => {
    const client = await dial();
    await client.says("hello");
    proxy.blackhole = "both";
    client.socket.destroy();
    await eventually(() => proxy.open === 0);
    await pauseFor(10);
    expect(echo.endings).toEqual([]);
    await proxy.heal();
    await eventually(() => echo.endings.length > 0);
    expect(echo.endings).toEqual(["end"]);
  });

  it("stops reading from a client that it cannot get rid of", async () => {
    const client = await dial();
    proxy.blackhole = "up";
    let taken = 0;
    for (let sent = 0; sent < 64; sent++) client.socket.write(Buffer.alloc(1024 * 1024), () => taken++);
    let before = -1;
    const isStalled = (): boolean => before === (before = taken);
    await eventually(isStalled);
    expect(taken).toBeLessThan(32);
    client.socket.destroy();
  });

  it("resets both sides when cut, and serves the next connection", async () => {
    const client = await dial();
    await client.says("hello");
    proxy.cut();
    expect(await client.ends()).toBe("ECONNRESET");
    await eventually(() => echo.endings.length > 0);
    expect(echo.endings).toEqual(["ECONNRESET"]);
    const next = await dial();
    await next.says("again");
    next.socket.destroy();
  });

  it("cuts a reply after so many bytes, once", async () => {
    const client = await dial();
    proxy.cutAfterBytesDown = 5;
    client.socket.write("hello world");
    expect(await client.ends()).toBe("ECONNRESET");
    expect(client.received).toBe("hello");
    expect(proxy.cutAfterBytesDown).toBeUndefined();
    const next = await dial();
    await next.says("hello world");
    next.socket.destroy();
  });

  it("ends a reply after so many bytes as a server does that hangs up", async () => {
    const client = await dial();
    proxy.cutBy = "end";
    proxy.cutAfterBytesDown = 5;
    client.socket.write("hello world");
    expect(await client.ends()).toBe("end");
    expect(client.received).toBe("hello");
  });

  it("cuts every connection after so many bytes, until it is healed", async () => {
    proxy.cutEachAfterBytesDown = 5;
    for (let time = 0; time < 2; time++) {
      const client = await dial();
      await client.says("hello");
      client.socket.write("!");
      expect(await client.ends()).toBe("ECONNRESET");
      expect(client.received).toBe("hello");
    }
    await proxy.heal();
    const next = await dial();
    await next.says("hello world");
    next.socket.destroy();
  });

  it("holds back what each connection gets beyond so many bytes, and delivers it when healed", async () => {
    proxy.stallEachAfterBytesDown = 5;
    const clients = [await dial(), await dial()];
    for (const client of clients) client.socket.write("hello world");
    await eventually(() => clients.every(({ received }) => received.length >= 5));
    await pauseFor(20);
    expect(clients.map(({ received }) => received)).toEqual(["hello", "hello"]);
    await proxy.heal();
    await eventually(() => clients.every(({ received }) => received === "hello world"));
    for (const client of clients) client.socket.destroy();
  });

  it("strands what is open for good, serves new connections, and resets the stranded when healed", async () => {
    const [stranded, gone] = [await dial(), await dial()];
    await stranded.says("ada");
    proxy.strand();
    stranded.socket.write("lost");
    gone.socket.destroy();
    const next = await dial();
    await next.says("served");
    expect(stranded.received).toBe("ada");
    expect(stranded.ending).toBe("");
    await proxy.heal();
    expect(await stranded.ends()).toBe("ECONNRESET");
    await next.says(" still");
    next.socket.destroy();
    await eventually(() => echo.endings.length === 3);
  });

  it("sends new connections to another server, and leaves open ones where they are", async () => {
    const other = createServer((socket) => socket.on("error", () => {}).end("the other"));
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const old = await dial();
    await old.says("ada");
    proxy.target = { targetHost: "127.0.0.1", targetPort: (other.address() as { port: number }).port };
    const next = await dial();
    expect(await next.ends()).toBe("end");
    expect(next.received).toBe("the other");
    await old.says("still here");
    old.socket.destroy();
    other.close();
  });

  it("passes on a reset by the server", async () => {
    const client = await dial();
    await client.says("hello");
    echo.sockets[0]?.resetAndDestroy();
    expect(await client.ends()).toBe("ECONNRESET");
  });

  it("ends the server's half only, and still takes what the client says", async () => {
    const client = new Client(connect({ host: proxy.host, port: proxy.port, allowHalfOpen: true }));
    await client.says("hello");
    proxy.halfClose();
    expect(await client.ends()).toBe("end");
    expect(echo.endings).toEqual([]);
    let heard = "";
    echo.sockets[0]?.on("data", (bytes) => (heard += bytes.toString()));
    client.socket.write("anybody?");
    await eventually(() => heard !== "");
    expect(heard).toBe("anybody?");
    client.socket.destroy();
  });

  it("resets new connections while it refuses, without asking the server", async () => {
    proxy.refuse = true;
    const client = new Client(connect({ host: proxy.host, port: proxy.port }));
    client.socket.write("hello");
    expect(await client.ends()).toBe("ECONNRESET");
    expect([proxy.accepted, proxy.open, echo.sockets.length]).toEqual([1, 0, 0]);
    await proxy.heal();
    const next = await dial();
    await next.says("again");
    next.socket.destroy();
  });

  it("gives ECONNREFUSED while nobody listens, keeps open connections, and comes back on its port", async () => {
    const client = await dial();
    proxy.closeListener();
    const refused = new Client(connect({ host: proxy.host, port: proxy.port }));
    expect(await refused.ends()).toBe("ECONNREFUSED");
    await client.says("still here");
    await proxy.reopen();
    const next = await dial();
    await next.says("back");
    next.socket.destroy();
    client.socket.destroy();
  });

  it("resets the client when the server is not there", async () => {
    for (const socket of echo.sockets) socket.destroy();
    await new Promise((resolve) => echo.server.close(resolve));
    const client = new Client(connect({ host: proxy.host, port: proxy.port }));
    expect(await client.ends()).toBe("ECONNRESET");
  });

  it("leaves no socket behind of connections that are cut in the turn in which they end", async () => {
    const watch = watchResources();
    try {
      const clients = await Promise.all([dial(), dial(), dial()]);
      await Promise.all(clients.map((client) => client.says("hello")));
      proxy.halfClose();
      proxy.cut();
      await Promise.all(clients.map((client) => client.ends()));
      await eventually(() => echo.endings.length === 3);
      let left: string[] = [];
      await becomesTrue(async () => (left = await watch.left()).length === 0, { timeoutMs: 3000 });
      expect(left).toEqual([]);
    } finally {
      watch.stop();
    }
  });

  it("closes twice, with everything that is open", async () => {
    const client = await dial();
    await client.says("hello");
    await Promise.all([proxy.close(), proxy.close()]);
    expect(await client.ends()).toBe("ECONNRESET");
    await eventually(() => proxy.open === 0);
    expect(proxy.open).toBe(0);
    const late = new Client(connect({ host: proxy.host, port: proxy.port }));
    expect(await late.ends()).toBe("ECONNREFUSED");
  });
});

describe("a frozen listener", () => {
  it("leaves every connect without an answer until it is closed", async () => {
    const frozen = await frozenListener();
    const client = new Client(connect({ host: frozen.host, port: frozen.port }));
    await Promise.race([once(client.socket, "connect").catch(() => {}), pauseFor(20)]);
    expect(client.socket.connecting).toBe(true);
    expect(client.ending).toBe("");
    client.socket.destroy();
    await Promise.all([frozen.close(), frozen.close()]);
    const late = new Client(connect({ host: frozen.host, port: frozen.port }));
    expect(await late.ends()).toBe("ECONNREFUSED");
  });
});
