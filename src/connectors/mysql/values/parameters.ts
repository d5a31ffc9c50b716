/**
 * From values to the packet that runs a prepared statement: whole numbers as such, instants as text in UTC, objects as
 * JSON, bytes as they are.
 */
import { ConnectorError } from "../../../core/errors.ts";
import { encodeInstant } from "./instants.ts";

/** What a value is sent as. */
type Sent = number | bigint | string | Uint8Array | null;

const NULL = 6;
const DOUBLE = 5;
const INT64 = 8;
const BLOB = 252;
const TEXT = 253;
const UNSIGNED = 0x80;

const RUN = 0x17;
/** Header, command, statement, flags, how often. */
const HEAD_BYTES = 14;
const AT_STATEMENT = 5;
/** A length, at most. */
const LENGTH_BYTES = 9;
/** Of longer texts the bytes are counted, of shorter ones guessed. */
const LONG_TEXT = 1_000;

/** The packet, without its header and without the statement, which `forStatement` writes. Throws `input_invalid`, without the value. */
export function encodeParameters(values: readonly unknown[]): Buffer {
  const sent = values.map(sentAs);
  const { length } = sent;
  const packet = Buffer.allocUnsafe(HEAD_BYTES + 1 + 3 * length + sent.reduce<number>(addSize, 0));
  packet[4] = RUN;
  packet.writeUInt32LE(0, AT_STATEMENT);
  packet[9] = 0;
  packet.writeUInt32LE(1, 10);
  if (length === 0) return packet.subarray(0, HEAD_BYTES);
  const nullBytes = (length + 7) >> 3;
  packet.fill(0, HEAD_BYTES, HEAD_BYTES + nullBytes);
  let at = HEAD_BYTES + nullBytes;
  packet[at++] = 1;
  for (const [index, value] of sent.entries()) {
    if (value === null) packet[HEAD_BYTES + (index >> 3)]! |= 1 << (index & 7);
    packet[at++] = typeOf(value);
    packet[at++] = typeof value === "bigint" && value > INT64_MAX ? UNSIGNED : 0;
  }
  for (const value of sent) at = write(packet, value, at);
  return packet.subarray(0, at);
}

/** Says which prepared statement it is for. */
export function forStatement(packet: Buffer, id: number): Buffer {
  packet.writeUInt32LE(id, AT_STATEMENT);
  return packet;
}

const INT64_MAX = 2n ** 63n - 1n;

function typeOf(value: Sent): number {
  if (value === null) return NULL;
  if (typeof value === "string") return TEXT;
  if (typeof value === "number") return Number.isSafeInteger(value) ? INT64 : DOUBLE;
  return typeof value === "bigint" ? INT64 : BLOB;
}

function addSize(sum: number, value: Sent): number {
  if (value === null) return sum;
  if (typeof value === "string")
    return sum + LENGTH_BYTES + (value.length > LONG_TEXT ? Buffer.byteLength(value) : 3 * value.length);
  return sum + (value instanceof Uint8Array ? LENGTH_BYTES + value.length : 8);
}

function write(packet: Buffer, value: Sent, at: number): number {
  if (value === null) return at;
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) return packet.writeDoubleLE(value, at);
    packet.writeInt32LE(value | 0, at);
    return packet.writeInt32LE(Math.floor(value / 2 ** 32), at + 4);
  }
  if (typeof value === "bigint")
    return value > INT64_MAX ? packet.writeBigUInt64LE(value, at) : packet.writeBigInt64LE(value, at);
  if (typeof value !== "string") {
    packet.set(value, writeLength(packet, value.length, at));
    return at + lengthBytes(value.length) + value.length;
  }
  // The length stands before the text, and takes as many bytes as it needs.
  const bytes = value.length < 84 ? undefined : Buffer.byteLength(value);
  if (bytes !== undefined) return writeLength(packet, bytes, at) + packet.write(value, at + lengthBytes(bytes));
  const written = packet.write(value, at + 1);
  packet[at] = written;
  return at + 1 + written;
}

const lengthBytes = (length: number): number => (length < 0xfb ? 1 : length < 2 ** 16 ? 3 : length < 2 ** 24 ? 4 : 9);

function writeLength(packet: Buffer, length: number, at: number): number {
  const bytes = lengthBytes(length);
  if (bytes === 1) return packet.writeUInt8(length, at);
  packet[at] = bytes === 3 ? 0xfc : bytes === 4 ? 0xfd : 0xfe;
  if (bytes === 9) return packet.writeBigUInt64LE(BigInt(length), at + 1);
  return packet.writeUIntLE(length, at + 1, bytes - 1);
}

function sentAs(value: unknown, at: number): Sent {
  const sent = encode(value);
  if (sent !== undefined) return sent;
  throw new ConnectorError("input_invalid", `The value of parameter ${at + 1} is ${describe(value)}`, {
    outcome: "none",
    hint: value === undefined ? "Say null where there is no value." : undefined,
  });
}

/** What a value is sent as; undefined where it cannot be sent. */
export function encode(value: unknown): Sent | undefined {
  switch (typeof value) {
    case "string":
      // NUL is refused as by other databases; a lone surrogate would be stored as another character.
      return /[\0\p{Surrogate}]/u.test(value) ? undefined : value;
    case "number":
      return Number.isFinite(value) ? value : undefined;
    case "bigint":
      return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value ? value : String(value);
    case "boolean":
      return value ? 1 : 0;
    case "object":
      if (value === null) return null;
      if (value instanceof Date) return encodeInstant(value);
      if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      return encodeJson(value);
    default:
      return undefined;
  }
}

/** `undefined` for what JSON cannot hold: a circle, a big integer, and what it would silently make empty. */
function encodeJson(value: object): string | undefined {
  const isData =
    Array.isArray(value) || "toJSON" in value || Object.prototype.toString.call(value) === "[object Object]";
  try {
    return isData && !hasGap(value) ? JSON.stringify(value) : undefined;
  } catch {
    return undefined;
  }
}

/** JSON would make null of it. */
function hasGap(value: object): boolean {
  return (
    Array.isArray(value) && value.some((item) => item === undefined || (Array.isArray(item) && hasGap(item as object)))
  );
}

/** What is wrong with a value that cannot be sent, without it. */
export function describe(value: unknown): string {
  if (value === undefined) return "undefined";
  if (value instanceof Date) return "a date that is none, or out of range";
  if (typeof value === "string") return "text with the character NUL or half a character (a lone surrogate)";
  if (typeof value === "number") return "a number that is not finite";
  if (Array.isArray(value)) return "a list with something that cannot be sent";
  return typeof value === "object" ? "an object that is not JSON" : `a ${typeof value}`;
}
