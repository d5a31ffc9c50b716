/** Ends what runs on a connection, by a CancelRequest on another (PostgreSQL manual, "Canceling Requests in Progress"). */
import type pg from "pg";

/** The driver's connection before it has a client; its types name only a part of it. */
interface CancelWire {
  readonly stream: { destroy(): void };
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number): void;
  on(event: "connect" | "sslconnect" | "error" | "end", listener: (error: Error) => void): void;
}

interface Cancelling {
  /** The connection whose statement is to end. */
  readonly client: pg.Client;
  readonly host: string;
  readonly port: number;
  /** The request goes through TLS where the statement does. */
  readonly ssl: unknown;
  readonly signal: AbortSignal;
}

/** Sends the request on `connection`; resolves when the server has closed that, which it does after acting on it. */
export function sendCancel(connection: pg.Connection, { client, host, port, ssl, signal }: Cancelling): Promise<void> {
  const wire = connection as unknown as CancelWire;
  const { processID, secretKey } = client as unknown as { readonly processID: number; readonly secretKey: number };
  const ask = (): void => wire.cancel(processID, secretKey);
  return new Promise((resolve, reject) => {
    wire.on("connect", ssl === false ? ask : () => wire.requestSsl());
    wire.on("sslconnect", ask);
    wire.on("error", reject);
    wire.on("end", () => resolve());
    signal.addEventListener("abort", () => wire.stream.destroy(), { once: true });
    if (host.startsWith("/")) wire.connect(`${host}/.s.PGSQL.${port}`);
    else wire.connect(port, host);
  });
}
