/**
 * The cheapest server that speaks enough HTTP: every request is answered with the same kilobyte of JSON.
 *
 * It must not be what is measured. A server of `node:http` needs as much CPU a request as the fastest client, so on two
 * cores every fast client would look the same; this one looks for the ends of requests and writes prepared bytes. It
 * takes requests without a body only, and runs in a process of its own.
 */
import { createServer, type AddressInfo } from "node:net";

const item = { id: 1, name: "Ada Lovelace", email: "ada@example.com", tags: ["a", "b"], note: "" };
const note = "x".repeat(1024 - JSON.stringify(item).length);
const body = JSON.stringify({ ...item, note });
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
);
const END = Buffer.from("\r\n\r\n");

const server = createServer((socket) => {
  let rest: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let at = bytes.indexOf(END); at >= 0; at = bytes.indexOf(END, from)) {
      socket.write(answer);
      from = at + END.length;
    }
    rest = bytes.subarray(from);
  });
});
server.listen(0, "127.0.0.1", () => process.send!({ port: (server.address() as AddressInfo).port }));
process.on("disconnect", () => process.exit());
