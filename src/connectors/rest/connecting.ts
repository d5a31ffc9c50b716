/**
 * Connections that are being made.
 *
 * undici, destroyed, ends those that stand and leaves the others to themselves: one whose handshake stalls would outlive
 * its session until it times out. (A `signal` among the options ends them as well, but each socket then listens to it
 * for ever.)
 */
import { Socket } from "node:net";
import type { buildConnector } from "undici";

type Connect = buildConnector.connector;

export class Connecting {
  readonly #sockets = new Set<Socket>();

  /** The same, under watch. */
  watch(connect: Connect): Connect {
    return (options, callback) => {
      let socket: Socket | undefined;
      const settled: typeof callback = (...outcome) => {
        if (socket !== undefined) this.#sockets.delete(socket);
        callback(...outcome);
      };
      // It answers with the socket, of which its types do not tell.
      const made: unknown = connect(options, settled);
      if (made instanceof Socket) this.#sockets.add((socket = made));
    };
  }

  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
