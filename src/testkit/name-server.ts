/**
 * A DNS server of one's own, for one zone, and Node's resolver sent to it.
 *
 * Sockets find their host through `dns.lookup`, which asks the operating system, whose answers no test can change. So
 * while a name server is open, `dns.lookup` asks it about names of its zone, over UDP and in the real protocol, and the
 * operating system about all others. Drivers are as they are, and errors are those of `getaddrinfo`.
 */
import { createSocket } from "node:dgram";
import dns, { Resolver } from "node:dns";
import { once } from "node:events";
import { isIPv4 } from "node:net";

/** What is answered: this address, that there is no such name, that the server is in trouble, or nothing at all. */
export type NameAnswer = "127.0.0.1" | "unknown" | "failure" | "silence";

/** A name server for one zone. */
export interface NameServer {
  /** A name of the zone. */
  readonly name: string;
  /** May be changed at any time. */
  answer: NameAnswer;
  /** How often it was asked. */
  readonly asked: number;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** After so long without an answer the question is sent again. */
const RETRY_MS = 250;
const TRIES = 40;
const NO_ERROR = 0;
const SERVER_FAILURE = 2;
const NO_SUCH_NAME = 3;
const A_RECORD = 1;

/** How `getaddrinfo` calls what a resolver says. */
const LOOKUP_CODES: Readonly<Record<string, string>> = { ENOTFOUND: "ENOTFOUND", ENODATA: "ENOTFOUND" };

type Done = (error: Error | null, address?: unknown, family?: number) => void;
type Lookup = (name: string, options: dns.LookupOptions, done: Done) => void;

const ofSystem = dns.lookup;
/** The zones of open name servers. */
const open = new Map<string, Resolver>();
let zones = 0;

const asked: Lookup = (name, options, done) => {
  const zone = [...open.keys()].find((each) => name.endsWith(`.${each}`));
  if (zone === undefined) return (ofSystem as Lookup)(name, options, done);
  open.get(zone)!.resolve4(name, (error, addresses) => {
    if (error !== null) return done(asLookupError(error, name));
    if (options.all !== true) return done(null, addresses[0], 4);
    done(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );
  });
};
// What `promisify` reads is kept under symbols.
for (const symbol of Object.getOwnPropertySymbols(ofSystem))
  Object.defineProperty(asked, symbol, Object.getOwnPropertyDescriptor(ofSystem, symbol)!);
// Of the overloads, `Lookup` is the one that sockets use; what it does not know goes to the original.
const lookup = asked as typeof dns.lookup;

/** Starts one. */
export async function startNameServer(answer: NameAnswer): Promise<NameServer> {
  const zone = `zone-${process.pid}-${++zones}.test`;
  const socket = createSocket("udp4").unref();
  const server = { name: `server.${zone}`, answer, asked: 0, close, [Symbol.asyncDispose]: close };
  socket.on("message", (question, { port, address }) => {
    server.asked++;
    if (server.answer !== "silence") socket.send(replyTo(question, server.answer), port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const resolver = new Resolver({ timeout: RETRY_MS, tries: TRIES });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);

  open.set(zone, resolver);
  dns.lookup = lookup;

  let closed: Promise<void> | undefined;
  function close(): Promise<void> {
    closed ??= (async () => {
      open.delete(zone);
      if (open.size === 0) dns.lookup = ofSystem;
      resolver.cancel();
      socket.close();
      await once(socket, "close");
    })();
    return closed;
  }
  return server;
}

function asLookupError({ code = "" }: NodeJS.ErrnoException, hostname: string): Error {
  const known = LOOKUP_CODES[code] ?? "EAI_AGAIN";
  return Object.assign(new Error(`getaddrinfo ${known} ${hostname}`), {
    code: known,
    syscall: "getaddrinfo",
    hostname,
  });
}

/** RFC 1035: the question comes back, with an answer that points at it. */
function replyTo(question: Buffer, answer: Exclude<NameAnswer, "silence">): Buffer {
  const endOfName = question.indexOf(0, 12) + 1;
  const isOfAddress = question.readUInt16BE(endOfName) === A_RECORD;
  const header = Buffer.alloc(12);
  question.copy(header, 0, 0, 2);
  const failed = answer === "unknown" ? NO_SUCH_NAME : answer === "failure" ? SERVER_FAILURE : NO_ERROR;
  header.writeUInt16BE(0x8180 | failed, 2);
  header.writeUInt16BE(1, 4);
  const asked = question.subarray(12, endOfName + 4);
  if (!isIPv4(answer) || !isOfAddress) return Buffer.concat([header, asked]);
  header.writeUInt16BE(1, 6);
  // The name at offset 12, type A, class IN, to be forgotten at once, four bytes.
  const record = Buffer.from([0xc0, 12, 0, A_RECORD, 0, 1, 0, 0, 0, 0, 0, 4, ...answer.split(".").map(Number)]);
  return Buffer.concat([header, asked, record]);
}
