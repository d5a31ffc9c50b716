/** Where the driver's connections go. */
import { Socket, type SocketConnectOpts } from "node:net";

/** A socket that goes to one place, whatever the driver tells it. */
export function socketTo(host: string, port: number): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket) as (to: SocketConnectOpts) => Socket;
  // A host that is a folder has a Unix socket in it for each port.
  const to = host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  socket.connect = () => connect(to);
  return socket;
}
