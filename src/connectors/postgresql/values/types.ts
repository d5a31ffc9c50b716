/**
 * From PostgreSQL's text to values, without losing anything: what JavaScript cannot hold exactly stays text.
 *
 * 64-bit integers and decimals are text, bytes `Uint8Array`, instants `Date`; dates and times without a zone are text,
 * because no instant belongs to them; JSON is parsed. An instant that no `Date` can be (infinity, year 300000) is text as
 * well. The table is busbar's own: the driver's global one belongs to the application.
 */
import { parseExactJson } from "../../../contracts/sql/exact-json.ts";

export type Decode = (text: string) => unknown;

const asText: Decode = (text) => text;
const asJson: Decode = parseExactJson;

/** OID, OID of the array, name, reading. Fixed in PostgreSQL's catalog (`pg_type.dat`). */
const TYPES: readonly (readonly [number, number, string, Decode?])[] = [
  [16, 1000, "boolean", (text) => text === "t"],
  [17, 1001, "bytea", decodeBytes],
  [18, 1002, "char"],
  [19, 1003, "name"],
  [20, 1016, "bigint"],
  [21, 1005, "smallint", Number],
  [23, 1007, "integer", Number],
  [25, 1009, "text"],
  [26, 1028, "oid", Number],
  [114, 199, "json", asJson],
  [600, 1017, "point"],
  [650, 651, "cidr"],
  [700, 1021, "real", Number],
  [701, 1022, "double precision", Number],
  [790, 791, "money"],
  [829, 1040, "macaddr"],
  [869, 1041, "inet"],
  [1042, 1014, "character"],
  [1043, 1015, "character varying"],
  [1082, 1182, "date"],
  [1083, 1183, "time without time zone"],
  [1114, 1115, "timestamp without time zone"],
  [1184, 1185, "timestamp with time zone", decodeInstant],
  [1186, 1187, "interval"],
  [1266, 1270, "time with time zone"],
  [1560, 1561, "bit"],
  [1562, 1563, "bit varying"],
  [1700, 1231, "numeric"],
  [2950, 2951, "uuid"],
  [3802, 3807, "jsonb", asJson],
  [3904, 3905, "int4range"],
  [3906, 3907, "numrange"],
  [3910, 3911, "tstzrange"],
  [3912, 3913, "daterange"],
  [3926, 3927, "int8range"],
];

const BY_OID = new Map<number, { readonly name: string; readonly decode: Decode }>(
  TYPES.flatMap(([oid, array, name, decode = asText]) => [
    [oid, { name, decode }] as const,
    [array, { name: `${name}[]`, decode: (text: string) => decodeArray(text, decode) }] as const,
  ]),
);
const JSON_TYPES: ReadonlySet<number> = new Set([114, 3802]);

/** How a type is read; types that are not built in are read as text. */
export function decoderOf(oid: number): Decode {
  return BY_OID.get(oid)?.decode ?? asText;
}

/** The type's name in SQL; for a type that is not built in, its OID. */
export function nameOf(oid: number): string {
  return BY_OID.get(oid)?.name ?? `oid ${oid}`;
}

export function isJson(oid: number | undefined): boolean {
  return oid !== undefined && JSON_TYPES.has(oid);
}

function decodeBytes(text: string): Uint8Array {
  if (text.startsWith("\\x")) return new Uint8Array(Buffer.from(text.slice(2), "hex"));
  // `bytea_output = escape`: a backslash doubles, or three octal digits follow it.
  const raw = text.replace(/\\(\\|[0-7]{3})/g, (_, code: string) =>
    code === "\\" ? code : String.fromCharCode(parseInt(code, 8)),
  );
  return new Uint8Array(Buffer.from(raw, "latin1"));
}

const INSTANT =
  /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?( BC)?$/;

function decodeInstant(text: string): Date | string {
  const match = INSTANT.exec(text);
  if (match === null) return text;
  const [, year, month, day, hours, minutes, seconds, fraction = "", sign, ...zone] = match;
  const [zoneHours, zoneMinutes = "0", zoneSeconds = "0", era] = zone;
  const at = new Date(0);
  at.setUTCFullYear(era === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day));
  at.setUTCHours(Number(hours), Number(minutes), Number(seconds), Number(fraction.padEnd(3, "0").slice(0, 3)));
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60 + Number(zoneSeconds);
  const instant = new Date(at.getTime() - (sign === "-" ? -offset : offset) * 1_000);
  return Number.isNaN(instant.getTime()) ? text : instant;
}

/** `{1,NULL,{"a b"}}`, with the bounds before it (`[0:1]=`) left out. */
function decodeArray(text: string, decode: Decode): unknown {
  let at = text.indexOf("{");
  const list = (): unknown[] => {
    const items: unknown[] = [];
    at++;
    while (text[at] !== "}") {
      if (text[at] === ",") at++;
      items.push(text[at] === "{" ? list() : text[at] === '"' ? quoted() : bare());
    }
    at++;
    return items;
  };
  const quoted = (): unknown => {
    let item = "";
    for (at++; text[at] !== '"'; at++) {
      if (text[at] === "\\") at++;
      item += text[at];
    }
    at++;
    return decode(item);
  };
  const bare = (): unknown => {
    const from = at;
    while (text[at] !== "," && text[at] !== "}") at++;
    const item = text.slice(from, at);
    return item === "NULL" ? null : decode(item);
  };
  return list();
}
