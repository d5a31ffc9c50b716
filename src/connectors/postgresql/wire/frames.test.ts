import { EventEmitter } from "node:events";
import fc from "fast-check";
import type pg from "pg";
import { describe, expect, test } from "vitest";
import { tapRows } from "./frames.ts";

/** Feeds bytes in pieces through the tap, and tells what came out where. */
function fed(bytes: Buffer, cuts: readonly number[], takesRows = true) {
  const heard: Buffer[] = [];
  const rows: Buffer[] = [];
  let broken: Error | undefined;
  const socket = Object.assign(new EventEmitter(), { destroy: (error: Error) => (broken ??= error) });
  const connection = {
    attachListeners(stream: EventEmitter): void {
      stream.on("data", (each: Buffer) => heard.push(Buffer.from(each)));
    },
  };
  const tap = tapRows(connection as unknown as pg.Connection);
  if (takesRows) tap.receiver = { handleRow: (all, start, end) => rows.push(Buffer.from(all.subarray(start, end))) };
  connection.attachListeners(socket);
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  for (let at = 1; at < places.length && broken === undefined; at++)
    socket.emit("data", bytes.subarray(places[at - 1], places[at]));
  return { heard: Buffer.concat(heard), rows, broken };
}

function message(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, "latin1");
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const messages = fc.array(
  fc.tuple(fc.constantFrom("D", "C", "Z", "T", "N", "1", "2", "E"), fc.uint8Array({ maxLength: 40 })),
);
const cuts = fc.array(fc.nat(500), { maxLength: 60 });

describe("messages of the server", () => {
  test("reach the driver whole, and rows the statement, however they are cut", () => {
    fc.assert(
      fc.property(messages, cuts, (sent, at) => {
        const all = Buffer.concat(sent.map(([type, body]) => message(type, body)));
        const { heard, rows, broken } = fed(all, at);
        expect(broken).toBeUndefined();
        expect(rows).toEqual(sent.filter(([type]) => type === "D").map(([, body]) => Buffer.from(body)));
        const others = sent.filter(([type]) => !"D12".includes(type)).map(([type, body]) => message(type, body));
        expect(heard).toEqual(Buffer.concat(others));
        expect(fed(all, at, false).heard).toEqual(all);
      }),
    );
  });

  test("that are none break the connection, and nothing else", () => {
    for (const size of [0, 3, 2 ** 31, 2 ** 32 - 1]) {
      const head = Buffer.from("D\0\0\0\0", "latin1");
      head.writeUInt32BE(size, 1);
      expect(fed(head, []).broken).toMatchObject({ kind: "unavailable" });
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), cuts, (bytes, at) => {
        fed(Buffer.from(bytes), at);
      }),
    );
  });
});
