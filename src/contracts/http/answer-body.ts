/**
 * From the bytes of an answer to data: decompressed, decoded, parsed.
 *
 * The limit counts decompressed bytes, and decompression stops where it is reached: a few kilobytes can become
 * gigabytes. An answer that is not what it claims to be is an error of the system, never data.
 */
import { isUtf8 } from "node:buffer";
import { TextDecoder } from "node:util";
import { brotliDecompress, gunzip, inflate, inflateRaw, type InputType, type ZlibOptions } from "node:zlib";
import type { Kind } from "../../core/errors.ts";
import { headerOf, type AnswerHeaders } from "./header-fields.ts";

/** An answer that cannot be used; the message continues "… answered 200 with". */
export class UnusableAnswer extends Error {
  readonly kind: Kind;

  constructor(kind: Kind, message: string) {
    super(message);
    this.kind = kind;
  }
}

export function tooLarge(mostBytes: number): UnusableAnswer {
  return new UnusableAnswer("too_large", `more than ${mostBytes} bytes`);
}

type Decompress = (
  bytes: InputType,
  options: ZlibOptions,
  done: (error: NodeJS.ErrnoException | null, out: Buffer) => void,
) => void;

const DECOMPRESS: Readonly<Record<string, Decompress>> = {
  gzip: gunzip,
  "x-gzip": gunzip,
  br: brotliDecompress,
  // RFC 9110 section 8.4.1.2: some servers send deflate without the zlib format around it.
  deflate: (bytes, options, done) => ((bytes as Buffer)[0]! % 16 === 8 ? inflate : inflateRaw)(bytes, options, done),
};

/** Codings that `accept-encoding` asks for. */
export const ACCEPTED_CODINGS = "gzip, deflate, br";
/** More layers than this are an attack, not an answer. */
const MOST_LAYERS = 2;

/** Takes the codings of `content-encoding` off again. Throws `UnusableAnswer`. */
export async function decompressed(bytes: Buffer, coding: string, mostBytes: number): Promise<Buffer> {
  const layers = coding
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity");
  if (layers.length > MOST_LAYERS) throw new UnusableAnswer("unsupported", `${layers.length} layers of compression`);
  let plain = bytes;
  for (const name of layers.reverse()) {
    const decompress = Object.hasOwn(DECOMPRESS, name) ? DECOMPRESS[name] : undefined;
    if (decompress === undefined) throw new UnusableAnswer("unsupported", "a compression that is not supported");
    if (plain.length > 0) plain = await run(decompress, plain, mostBytes);
  }
  return plain;
}

function run(decompress: Decompress, bytes: Buffer, mostBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    decompress(bytes, { maxOutputLength: Math.max(1, mostBytes) }, (error, plain) => {
      if (error === null) resolve(plain);
      else if (error.code === "ERR_BUFFER_TOO_LARGE") reject(tooLarge(mostBytes));
      else reject(new UnusableAnswer("unavailable", "a body that is not compressed the way it claims to be"));
    });
  });
}

const JSON_TYPE = /^(application|text)\/json$|\+json$/;
const TEXT_TYPE = /^text\/|^application\/(xml|javascript|x-www-form-urlencoded|x-ndjson|yaml|graphql)$|\+xml$|\+yaml$/;

/** JSON parsed, text as text, the rest as bytes, null where there is nothing. Throws `UnusableAnswer`. */
export function parsedBody(bytes: Buffer, headers: AnswerHeaders): unknown {
  if (bytes.length === 0) return null;
  const [type = "", ...parameters] = (headerOf(headers, "content-type") ?? "").split(";");
  const name = type.trim().toLowerCase();
  if (JSON_TYPE.test(name)) return parsedJSON(textOf(bytes, parameters, "utf-8"));
  if (TEXT_TYPE.test(name)) return textOf(bytes, parameters);
  // A copy of its own, and no Buffer: what callers get does not hold a whole socket's memory.
  return new Uint8Array(bytes);
}

function parsedJSON(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnusableAnswer("unavailable", "a body that is not the JSON it claims to be");
  }
}

/** Text without a charset is UTF-8 where it can be, and what old servers mean by no charset where it cannot. */
function textOf(bytes: Buffer, parameters: readonly string[], otherwise?: string): string {
  const said = parameters.find((parameter) => /^\s*charset\s*=/i.test(parameter));
  const charset = said?.replace(/^[^=]*=\s*"?|"?\s*$/g, "").toLowerCase() ?? otherwise;
  if (charset === undefined || charset === "utf-8" || charset === "utf8") {
    if (isUtf8(bytes)) {
      const text = bytes.toString("utf8");
      return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    }
    if (charset !== undefined) throw new UnusableAnswer("unavailable", "text that is not the UTF-8 it claims to be");
  }
  return decoderOf(charset ?? "windows-1252").decode(bytes);
}

function decoderOf(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch {
    throw new UnusableAnswer("unsupported", "text in a character set that is not known");
  }
}
