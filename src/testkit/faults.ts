/** What can go wrong between a client and a server. */

/** "up" is towards the server, "down" towards the client. */
export type Direction = "up" | "down";

/** The server behind a proxy. */
export interface FaultProxyTarget {
  readonly targetHost: string;
  readonly targetPort: number;
}

/** The faults as the links read them. */
export interface Faults {
  latencyUpMs: number;
  latencyDownMs: number;
  /** For each connection and direction; 0 is unlimited. */
  rateBytesPerSec: number;
  blackhole: "none" | Direction | "both";
  /** Lets this many more bytes through to clients, then ends the connection that asks for more, and is undefined again. */
  cutAfterBytesDown: number | undefined;
  /** Ends every connection that has let so many bytes through to its client. */
  cutEachAfterBytesDown: number | undefined;
  /** How connections are ended by the two above. */
  cutBy: "reset" | "end";
  /** Holds back what every connection gets for its client beyond so many bytes. */
  stallEachAfterBytesDown: number | undefined;
}
