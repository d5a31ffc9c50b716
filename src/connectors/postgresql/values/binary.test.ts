import { describe, expect, test } from "vitest";
import { openForTest } from "../open-for-test.ts";

const { connected } = await openForTest();
const db = await connected({ maxConnections: 1 });

/** What the server is asked for, as text the first time and in binary from the second on. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  boolean: ["true", "false"],
  bytea: ["\\x", "\\x00ff10"],
  name: ["a name", "ü"],
  bigint: [
    "0",
    "-1",
    "9007199254740991",
    "9007199254740993",
    "-9007199254740992",
    "9223372036854775807",
    "-9223372036854775808",
    "4294967296",
    "-4294967297",
  ],
  smallint: ["-32768", "32767"],
  integer: ["-2147483648", "2147483647", "0"],
  text: ["", "😀 ü\t", "x".repeat(70_000)],
  oid: ["0", "4294967295"],
  json: ['{"a": [1, 1.10, 12345678901234567890]}', "null", "1e400"],
  jsonb: ['{"a": {"b": "\\u2028"}}', "12345678901234567890.1234567890", "[]"],
  real: ["0.1", "-3.4028235e38", "NaN", "Infinity", "1e-45"],
  "double precision": ["0.1", "-0", "5e-324", "1.7976931348623157e308", "NaN", "-Infinity"],
  "character(5)": ["ab", "abcde"],
  "character varying(9)": ["", "varying"],
  date: [
    "2000-01-01",
    "1999-12-31",
    "0001-01-01",
    "0044-03-15 BC",
    "4713-01-01 BC",
    "2024-02-29",
    "9999-12-31",
    "10000-01-01",
    "5874897-12-31",
    "infinity",
    "-infinity",
  ],
  time: ["00:00:00", "23:59:59.999999", "24:00:00", "04:05:06.7"],
  timestamp: [
    "2000-01-01 00:00:00",
    "1899-12-31 23:59:59.123456",
    "0001-01-01 00:00:00",
    "0044-03-15 12:00:00.5 BC",
    "294276-12-31 23:59:59.999999",
    "infinity",
    "-infinity",
  ],
  "timestamp with time zone": [
    "2000-01-01 00:00:00+00",
    "1969-12-31 23:59:59.9995+00",
    "1600-01-01 00:00:00.0019+00",
    "0044-03-15 12:00:00.5+00 BC",
    "275760-09-13 00:00:00+00",
    "294276-12-31 23:59:59.999999+00",
    "infinity",
    "-infinity",
  ],
  numeric: [
    "0",
    "0.00",
    "-0.00010",
    "1",
    "10000",
    "99999999.0001",
    "123456789012345678901234567890.123456789012345678901234567890",
    "1e100",
    "1e-100",
    "NaN",
    "Infinity",
    "-Infinity",
    "0.1000",
  ],
  uuid: ["00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
  "integer[]": ["{}", "{1,NULL,{3}}".replace(",{3}", ",3"), "{{1,2},{3,4}}"],
  interval: ["1 day 02:03:04", "-1 year"],
  point: ["(1,2)"],
};

describe("values read in binary are those read as text", () => {
  test.each(Object.entries(VALUES))("%s", async (type, values) => {
    const list = values.map((value) => `('${value.replaceAll("'", "''")}'::${type})`).join(", ");
    const sql = `SELECT it FROM (VALUES ${list}, (NULL)) AS v (it) WHERE $1 = 1`;
    const asked = async (): Promise<unknown> => (await db.query({ sql, values: [1] })).map(({ it }) => it);
    const asText = await asked();
    const [second, third] = [await asked(), await asked()];
    expect(second).toEqual(asText);
    expect(third).toEqual(asText);
    expect(asText).toHaveLength(values.length + 1);
  });
});
