import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { ConnectorError } from "busbar";
import { PostgreSQLConnector } from "busbar/connectors/postgresql";
import { afterEach, describe, expect, test, vi } from "vitest";

const uncaught = vi.fn();
let server: Server | undefined;
const sockets = new Set<Socket>();
afterEach(() => {
  process.off("uncaughtException", uncaught);
  for (const socket of sockets) socket.destroy();
  server?.close();
});

/** A message of the protocol. */
const message = (type: string, body: Uint8Array): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};
const authentication = (kind: number): Buffer => message("R", Buffer.from([0, 0, 0, kind]));
const ready = message("Z", Buffer.from("I"));

async function connectorTo(answer: (socket: Socket, said: Buffer) => void): Promise<PostgreSQLConnector> {
  uncaught.mockClear();
  process.on("uncaughtException", uncaught);
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (said: Buffer) => answer(socket, said));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const address = { host: "127.0.0.1", port, database: "x", username: "x", password: "x", ssl: "disable" } as const;
  return new PostgreSQLConnector({ ...address, connectionTimeout: 500, timeout: 2_000, retryAttempts: 1 });
}

const answers: Readonly<Record<string, Buffer>> = {
  "an HTTP server": Buffer.from("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"),
  "an SSH server": Buffer.from("SSH-2.0-OpenSSH_9.2\r\n"),
  "a way to log in that nobody knows": authentication(99),
  "a length below zero": Buffer.from([82, 255, 255, 255, 255, 1, 2, 3]),
  "a message of two gigabytes": Buffer.from([82, 127, 255, 255, 255, 1, 2, 3]),
  "rows before a log-in": message("D", Buffer.from([0, 2, 0, 0, 0, 9, 1])),
  "a key too short": Buffer.concat([authentication(0), message("K", Buffer.from([1, 2])), ready]),
  noise: Buffer.alloc(10_000, 7),
};

describe("a server that answers nonsense is an error of its connection, within the time for connecting", () => {
  test.each(Object.entries(answers))("%s", async (_, answer) => {
    const db = await connectorTo((socket) => socket.write(answer));
    const error: unknown = await db.connect().catch((thrown: unknown) => thrown);
    if (error !== undefined) {
      expect(error).toBeInstanceOf(ConnectorError);
      expect(error).toMatchObject({ outcome: "none" });
      expect((error as ConnectorError).kind).not.toBe("internal");
    }
    await db.disconnect({ timeout: 0 });
    expect(uncaught).not.toHaveBeenCalled();
  });
});

test("a server that forgets the protocol in the middle ends the call, not the process", async () => {
  const db = await connectorTo((socket, said) => {
    const isStart = said[4] === 0 && said[5] === 3;
    socket.write(isStart ? Buffer.concat([authentication(0), ready]) : authentication(99));
  });
  await db.connect();
  const error: unknown = await db.query({ sql: "SELECT 1" }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ kind: "unavailable", outcome: "unknown" });
  await db.disconnect();
  expect(uncaught).not.toHaveBeenCalled();
});
