/**
 * A server that does not speak the protocol breaks its connection and nothing else.
 *
 * The driver parses what arrives in a listener of the socket, and throws at what it does not know: without this, that
 * would be an uncaught exception, which ends the process.
 */
import type { Socket } from "node:net";
import type pg from "pg";
import { ConnectorError } from "../../../core/errors.ts";

/** The driver's connection; its types leave out the method that begins to parse. */
interface Parsing {
  attachListeners(stream: Pick<Socket, "on">): void;
}

/** Turns what the driver's parser throws into an error of the connection. Call it before it connects. */
export function guardParser(connection: pg.Connection): void {
  const parsing = connection as unknown as Parsing;
  const attach = parsing.attachListeners.bind(parsing);
  parsing.attachListeners = (stream) => {
    // With TLS it is another socket than the one that was connected.
    const socket = stream as Socket;
    const on = (event: string, listener: (...args: unknown[]) => void): Socket =>
      socket.on(event, event === "data" ? guarded(socket, listener) : listener);
    attach({ on } as Pick<Socket, "on">);
  };
}

function guarded(socket: Socket, listener: (...args: unknown[]) => void): (...args: unknown[]) => void {
  return (...args) => {
    try {
      listener(...args);
    } catch (cause) {
      const message = "The server does not speak the protocol of PostgreSQL";
      socket.destroy(new ConnectorError("unavailable", message, { cause }));
    }
  };
}
