import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { decompressed, parsedBody, UnusableAnswer } from "./answer-body.ts";

const parse = (bytes: string | Buffer, type?: string): unknown =>
  parsedBody(Buffer.from(bytes as string), type === undefined ? {} : { "content-type": type });

test.each([
  ["application/json", '{"a":1}', { a: 1 }],
  ["application/json; charset=UTF-8", "\ufeff[1]", [1]],
  ["Application/Problem+JSON", '"x"', "x"],
  ["text/json", "null", null],
  ["text/plain", "Zoë", "Zoë"],
  ["text/html; charset=utf-8", "\ufeff<p>", "<p>"],
  ["application/xml", "<a/>", "<a/>"],
  ["application/x-ndjson", "{}\n{}", "{}\n{}"],
])("an answer of type %s", (type, bytes, data) => {
  expect(parse(bytes, type)).toEqual(data);
});

test("an empty answer is null, whatever it claims to be", () => {
  expect(parse("", "application/json")).toBeNull();
  expect(parse("")).toBeNull();
});

test("an answer of another type, or of none, is bytes of its own", () => {
  const bytes = Buffer.from([1, 2, 3]);
  for (const type of ["application/octet-stream", "image/png", undefined]) {
    const data = parse(bytes, type) as Uint8Array;
    expect(data).toEqual(new Uint8Array([1, 2, 3]));
    expect(Buffer.isBuffer(data)).toBe(false);
    expect(data.buffer.byteLength).toBe(3);
  }
});

test("text is decoded by its charset; without one it is UTF-8, or Latin-1 where it cannot be", () => {
  expect(parse(Buffer.from([0x5a, 0x6f, 0xeb]), 'text/plain; charset="ISO-8859-1"')).toBe("Zoë");
  expect(parse(Buffer.from([0x5a, 0x6f, 0xeb]), "text/plain")).toBe("Zoë");
  expect(parse(Buffer.from([0x5a, 0x00, 0x6f, 0x00]), "text/plain; charset=utf-16le")).toBe("Zo");
  expect(() => parse("x", "text/plain; charset=klingon")).toThrow("character set");
});

test.each([
  ["half of it", '{"secret": '],
  ["a page of HTML", "<html>secret</html>"],
  ["text after it", "{} secret"],
  ["bytes that are not UTF-8", Buffer.from([0x22, 0xff, 0x22])],
])("JSON that is %s is an error of the system, and is not shown", (_, bytes) => {
  expect(() => parse(bytes, "application/json")).toThrow(UnusableAnswer);
  expect(() => parse(bytes, "application/json")).not.toThrow("secret");
});

const text = Buffer.from("Zoë ".repeat(1_000));

test.each([
  ["gzip", gzipSync(text)],
  ["X-GZIP", gzipSync(text)],
  ["br", brotliCompressSync(text)],
  ["deflate", deflateSync(text)],
  ["deflate", deflateRawSync(text)],
  ["identity", text],
  ["gzip, br", brotliCompressSync(gzipSync(text))],
])("a body in %s is decompressed", async (coding, bytes) => {
  expect(await decompressed(bytes, coding, text.length)).toEqual(text);
});

test("the limit counts decompressed bytes, in every coding", async () => {
  for (const [coding, bytes] of [
    ["gzip", gzipSync(text)],
    ["br", brotliCompressSync(text)],
    ["deflate", deflateSync(text)],
  ] as const)
    await expect(decompressed(bytes, coding, text.length - 1)).rejects.toMatchObject({ kind: "too_large" });
});

test("a gigabyte in a few kilobytes stops at the limit", async () => {
  const bomb = gzipSync(gzipSync(Buffer.alloc(64 * 2 ** 20)));
  const before = process.memoryUsage().rss;
  await expect(decompressed(bomb, "gzip, gzip", 2 ** 20)).rejects.toMatchObject({ kind: "too_large" });
  expect(process.memoryUsage().rss - before).toBeLessThan(48 * 2 ** 20);
});

test.each([
  ["gzip that is not", "gzip", Buffer.from("plain"), "unavailable"],
  ["half of it", "gzip", gzipSync(text).subarray(0, 20), "unavailable"],
  ["what nobody knows", "zstd", Buffer.from("x"), "unsupported"],
  ["a name of Object.prototype", "constructor", Buffer.from("x"), "unsupported"],
  ["layers upon layers", "gzip, gzip, gzip", Buffer.from("x"), "unsupported"],
])("a coding of %s is an error of the system", async (_, coding, bytes, kind) => {
  await expect(decompressed(bytes, coding, 1_000_000)).rejects.toMatchObject({ kind });
});

test("an empty body needs no decompression", async () => {
  expect(await decompressed(Buffer.alloc(0), "gzip", 10)).toHaveLength(0);
});
