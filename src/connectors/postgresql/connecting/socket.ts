/** Where the driver's connections go. */
import { Socket } from "node:net";

/** A socket that goes to one place, whatever the driver tells it. */
export function socketTo(host: string, port: number): Socket {
  const socket = new Socket();
  // A Unix socket is a path, which the driver makes of host and port.
  const connect = socket.connect.bind(socket) as (to: { readonly host: string; readonly port: number }) => Socket;
  if (!host.startsWith("/")) socket.connect = () => connect({ host, port });
  return socket;
}
