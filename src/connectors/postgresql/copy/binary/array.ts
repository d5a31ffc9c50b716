/** Lists in PostgreSQL's binary form (`array_recv` in the server's `arrayfuncs.c`). */
import type { CopyBuffer } from "./copy-buffer.ts";
import type { Write } from "./writers.ts";

/** The server's own limit. */
const MOST_DIMENSIONS = 6;

/** Writes lists of what `write` writes; `type` is the elements' OID. */
export function arrayOf(type: number, write: Write): Write {
  return (value, out) => {
    const sizes = Array.isArray(value) ? sizesOf(value) : undefined;
    if (sizes === undefined) return false;
    const headBytes = 12 + sizes.length * 8;
    out.room(4 + headBytes);
    // The message may be full before the list is at its end; its length still stands here.
    const { bytes, at } = out;
    let end = bytes.writeInt32BE(sizes.length, at + 4);
    end = bytes.writeInt32BE(hasNull(value as readonly unknown[]) ? 1 : 0, end);
    end = bytes.writeUInt32BE(type, end);
    for (const size of sizes) end = bytes.writeInt32BE(1, bytes.writeInt32BE(size, end));
    out.at = end;
    const before = out.written;
    if (!writeItems(value as readonly unknown[], write, out)) return false;
    bytes.writeInt32BE(headBytes + out.written - before, at);
    return true;
  };
}

/** How many items there are in each dimension; undefined where not all lists of one are as long, or one is empty inside. */
function sizesOf(list: readonly unknown[]): number[] | undefined {
  if (list.length === 0) return [];
  const sizes: number[] = [];
  for (let inner: unknown = list; Array.isArray(inner); inner = inner[0] as unknown) sizes.push(inner.length);
  const fits = (items: unknown, depth: number): boolean =>
    Array.isArray(items)
      ? items.length === sizes[depth] && items.every((item) => fits(item, depth + 1))
      : depth === sizes.length;
  return sizes.length <= MOST_DIMENSIONS && !sizes.includes(0) && fits(list, 0) ? sizes : undefined;
}

function hasNull(list: readonly unknown[]): boolean {
  return list.some((item) => item === null || (Array.isArray(item) && hasNull(item)));
}

function writeItems(list: readonly unknown[], write: Write, out: CopyBuffer): boolean {
  return list.every((item) => {
    if (Array.isArray(item)) return writeItems(item, write, out);
    if (item !== null) return write(item, out);
    out.room(4);
    out.at = out.bytes.writeInt32BE(-1, out.at);
    return true;
  });
}
