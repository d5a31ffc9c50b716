/** A line to a server that counts how often the client spoke after it was answered: its round trips. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface CountingLine {
  readonly host: string;
  readonly port: number;
  /** Round trips that `work` takes, over all connections. */
  during(this: void, work: () => Promise<unknown>): Promise<number>;
  close(this: void): void;
}

export async function openCountingLine(target: {
  readonly host: string;
  readonly port: number;
}): Promise<CountingLine> {
  let trips = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    let isAnswered = true;
    const upstream = connect({ host: target.host, port: target.port, noDelay: true });
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", end).on("close", end);
    }
    client.on("data", (bytes) => {
      if (isAnswered) trips++;
      isAnswered = false;
      upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      isAnswered = true;
      client.write(bytes);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { address, port } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    async during(work) {
      const before = trips;
      await work();
      return trips - before;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
