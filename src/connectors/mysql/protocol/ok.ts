/** The server's word at the end of a statement: what it did, and what it left behind in the session. */
import { Cursor, type Packet } from "./packet.ts";

/** What a statement without rows is answered with. */
export interface Header {
  readonly affectedRows: number;
  readonly warnings: number;
  /** What the server says of it in words: `Records: 2  Duplicates: 0  Warnings: 0`. */
  readonly info: string;
  /** The statement set a variable, chose another database, or made something that lasts as long as the session. */
  readonly hasChangedSession: boolean;
}

/** What the server said last. */
export interface Status {
  flags: number;
  /** A transaction was begun since this was last set to false. */
  hasBegun: boolean;
  /** Of the driver's own command that ended last. */
  header: Header | undefined;
}

/** Bits of the server's status. */
export const IN_TRANSACTION = 1;
export const MORE_RESULTS = 8;
const SESSION_CHANGED = 0x4000;

/** What changed, by the protocol's numbers. */
const VARIABLE = 0;
const SCHEMA = 1;
const STATE = 2;
const TRANSACTION = 5;
/** Begun, and nothing done in it yet. */
const BEGUN = "T_______";

const cursor = new Cursor();

/** Reads an OK packet, whose first byte is 0. */
export function readOk({ buffer, offset, end }: Packet, status: Status): Header {
  cursor.bytes = buffer;
  cursor.at = offset + 1;
  const affectedRows = cursor.length();
  cursor.length();
  status.flags = cursor.uint16();
  const warnings = cursor.uint16();
  const info = cursor.at < end ? cursor.text() : "";
  const isChanged = (status.flags & SESSION_CHANGED) !== 0 && cursor.at < end;
  return { affectedRows, warnings, info, hasChangedSession: isChanged && readChanges(status) };
}

function readChanges(status: Status): boolean {
  let hasChangedSession = false;
  const end = cursor.length() + cursor.at;
  while (cursor.at < end) {
    const kind = cursor.uint8();
    const next = cursor.length() + cursor.at;
    if (kind === TRANSACTION && cursor.text() === BEGUN) status.hasBegun = true;
    if (kind === VARIABLE || kind === SCHEMA || kind === STATE) hasChangedSession = true;
    cursor.at = next;
  }
  return hasChangedSession;
}
